internal import Export
internal import JobFiles

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A template on its way into a folder: all its files, or none.
struct Scaffold {
    private let files: [JobTemplate.File]
    private let folder: String

    /// The job file, seen from where the program runs.
    let jobPath: String

    init(_ template: JobTemplate, folder: String) {
        files = template.files + [JobTemplate.schema]
        self.folder = folder
        jobPath = Self.path(of: template.jobPath, in: folder)
    }

    /// Writes the files.
    ///
    /// - Parameter isForced: Whether files that are there may be replaced.
    /// - Returns: The paths that were written; a file that is there with the same bytes is left as it is.
    /// - Throws: A ``CommandFailure`` or an `ExportError`.
    func write(replacing isForced: Bool) throws -> [String] {
        let missing = files.filter { !Self.holds($0.contents, at: path(of: $0)) }
        let taken = missing.map(path).filter(Self.exists)
        guard taken.isEmpty || isForced else {
            throw CommandFailure(
                .cannotCreateOutput,
                "\(taken.joined(separator: ", ")): there already, and not replaced; nothing is written"
                    + " (choose another --dir, or replace with --force)"
            )
        }
        for file in missing {
            let destination = try ExportDestination.file(path(of: file), createsFolder: true)
            try destination.write(file.contents)
            try destination.finish()
        }
        return missing.map(path)
    }

    private func path(of file: JobTemplate.File) -> String {
        Self.path(of: file.path, in: folder)
    }

    private static func path(of name: String, in folder: String) -> String {
        switch folder {
        case ".", "": name
        case _ where folder.hasSuffix("/"): folder + name
        default: "\(folder)/\(name)"
        }
    }

    /// Whether something has this name, were it a link to nothing.
    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    private static func holds(_ contents: [UInt8], at path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // One more than there should be shows a longer file.
        var bytes = [UInt8](repeating: 0, count: contents.count + 1)
        var length = 0
        while length < bytes.count {
            let count = bytes[length...].withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            length += count
        }
        return length == contents.count && bytes.dropLast().elementsEqual(contents)
    }
}
