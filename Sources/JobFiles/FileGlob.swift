#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The files whose names match a pattern, in the order of their names.
///
/// `*`, `?` and `[…]` match inside one name, `**` any number of folders. Hidden names match only a pattern that begins
/// with a dot, and `**` follows no links, so that it ends. Only the folders on the way to the present file are in memory.
struct FileGlob {
    private struct Level {
        /// The folder relative to the job's, with a slash at the end; empty for the job's own.
        var folder: String
        /// Where in the pattern the names of this folder are matched.
        var pattern: Int
        var names: [String]
        var next = 0
    }

    private let root: String
    private let pattern: [String]
    private var levels: [Level] = []
    private var isAbsolute: Bool

    /// Begins a search.
    ///
    /// - Parameters:
    ///   - pattern: Relative to the folder unless it begins with a slash.
    ///   - folder: The job's folder.
    init(_ pattern: String, in folder: String) {
        root = folder
        isAbsolute = pattern.hasPrefix("/")
        var parts: [String] = []
        // Two `**` in a row mean the same as one and would find files twice.
        for part in pattern.split(separator: "/").map(String.init) where !(part == "**" && parts.last == "**") {
            parts.append(part)
        }
        if parts.last == "**" {
            parts.append("*")
        }
        self.pattern = parts
        enter(isAbsolute ? "/" : "", at: 0)
    }

    /// Whether a name holds any of the signs of a pattern.
    static func isPattern(_ name: String) -> Bool {
        name.contains { "*?[".contains($0) }
    }

    /// The next path as the pattern writes it, relative or absolute; `nil` when there is no other.
    mutating func next() -> String? {
        while var level = levels.popLast() {
            guard level.next < level.names.count else { continue }
            let name = level.names[level.next]
            level.next += 1
            levels.append(level)
            if let path = visit(name, in: level) { return path }
        }
        return nil
    }

    private mutating func visit(_ name: String, in level: Level) -> String? {
        let path = level.folder + name
        var pattern = level.pattern
        if self.pattern[pattern] == "**" {
            if isFolder(path, followingLinks: false), !name.hasPrefix(".") {
                enter(path + "/", at: pattern)
            }
            pattern += 1
        }
        guard fnmatch(self.pattern[pattern], name, FNM_PERIOD) == 0 else { return nil }
        if pattern == self.pattern.count - 1 {
            return isFolder(path, followingLinks: true) ? nil : path
        }
        if isFolder(path, followingLinks: true) {
            enter(path + "/", at: pattern + 1)
        }
        return nil
    }

    /// Puts the names of a folder on top of the search.
    private mutating func enter(_ folder: String, at index: Int) {
        guard index < pattern.count else { return }
        let part = pattern[index]
        let names = part == ".." || part == "." ? [part] : sortedNames(in: folder)
        levels.append(Level(folder: folder, pattern: index, names: names))
    }

    private func sortedNames(in folder: String) -> [String] {
        let names = FolderListing.names(in: absolute(folder))
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func isFolder(_ path: String, followingLinks: Bool) -> Bool {
        var status = stat()
        let result = followingLinks ? stat(absolute(path), &status) : lstat(absolute(path), &status)
        return result == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private func absolute(_ path: String) -> String {
        isAbsolute ? path : root + "/" + path
    }
}
