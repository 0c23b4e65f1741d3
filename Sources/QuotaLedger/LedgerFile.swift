internal import SQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The file of a ledger: its folders and rights.
enum LedgerFile {
    static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Makes the file and its folders where they are missing, for their owner alone whatever the umask.
    static func create(_ path: String) throws(LedgerError) {
        try createFolder(folder(of: path))
        let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            // It is there, or another process was faster.
            guard errno == EEXIST else { throw LedgerError(systemError: errno, operation: "create", path: path) }
            return
        }
        defer { close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else {
            throw LedgerError(systemError: errno, operation: "set the rights of", path: path)
        }
    }

    private static func createFolder(_ folder: String) throws(LedgerError) {
        guard !exists(folder) else { return }
        try createFolder(Self.folder(of: folder))
        guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
            throw LedgerError(systemError: errno, operation: "create the folder of", path: folder)
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
