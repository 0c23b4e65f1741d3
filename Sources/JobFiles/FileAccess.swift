#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Opens files for a job: only below its folder, or below folders that the command line allows, links resolved.
struct FileAccess: Sendable {
    /// Text files and lines of data.
    static let maximumTextBytes = 64 << 20
    /// What does not fit into a request is uploaded, and the API keeps no larger files than 2 GB.
    static let maximumMediaBytes = 2 << 30

    /// The job's folder, absolute, links resolved.
    let folder: String
    private let roots: [String]

    init(folder: String, allowedFolders: [String]) {
        self.folder = folder
        roots = [folder] + allowedFolders.compactMap(Self.realPath(of:))
    }

    /// Opens a regular file that the job may read.
    ///
    /// - Parameter name: The path as the job file has it, relative to the job's folder unless absolute.
    /// - Returns: The open file and its real path.
    /// - Throws: A ``FileProblem`` if it is not there, not regular, or outside what the job may read.
    func open(_ name: String) throws(FileProblem) -> (file: InputFile, path: String) {
        let path = try resolve(name)
        return (try InputFile(path: path, name: name), path)
    }

    /// The real path of something that the job may read.
    func resolve(_ name: String) throws(FileProblem) -> String {
        guard !name.isEmpty, !name.utf8.contains(0) else { throw FileProblem("the file name is empty or holds a NUL") }
        let path = Self.normalized(name.hasPrefix("/") ? name : folder + "/" + name)
        // Before asking the file system, so that a job cannot find out what exists elsewhere.
        guard isAllowed(path) else { throw Self.outside(name) }
        guard let real = Self.realPath(of: path) else { throw FileProblem(name, code: errno) }
        guard isAllowed(real) else { throw Self.outside(name) }
        return real
    }

    /// Whether a path stays below the folder when `.` and `..` are taken out; nothing is looked up.
    func isInside(_ name: String) -> Bool {
        isAllowed(Self.normalized(name.hasPrefix("/") ? name : folder + "/" + name))
    }

    /// Whether a path is the job's folder itself.
    func isFolder(_ name: String) -> Bool {
        Self.normalized(name.hasPrefix("/") ? name : folder + "/" + name) == folder
    }

    private func isAllowed(_ path: String) -> Bool {
        roots.contains { root in
            root == "/" || path == root || path.hasPrefix(root + "/")
        }
    }

    static func outside(_ name: String) -> FileProblem {
        FileProblem(
            "\(name) is outside the job's folder; move it there, or allow its folder on the command line "
                + "(--allow-folder)"
        )
    }

    /// An absolute path without `.`, `..` and doubled slashes.
    static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." {
                _ = parts.popLast()
            } else {
                parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// The path with all links resolved; `nil`, and `errno` set, if it does not exist.
    static func realPath(of path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
