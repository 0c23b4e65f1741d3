internal import SQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// A checkpoint as a file: its place, its rights, and whether it is still the one that was opened.
struct CheckpointFile: Sendable {
    enum Contents: Sendable, Equatable {
        case missing
        /// A file without a table: of no length, or left by a process that was killed while it made it.
        case empty
        case checkpoint
    }

    private struct Identity: Sendable, Equatable {
        let device: UInt64
        let inode: UInt64
    }

    /// With links resolved, as SQLite does it to name the files beside it.
    let path: String
    private var database: Identity?
    private var log: Identity?

    init(path: String) {
        self.path = Self.resolved(path)
    }

    var folder: String { Self.folder(of: path) }

    /// Whether there is a write-ahead log, which may hold more than the file itself.
    var hasLog: Bool { access(path + "-wal", F_OK) == 0 }

    /// Whether there is a write-ahead log with something in it.
    var hasLogContents: Bool {
        var status = stat()
        return stat(path + "-wal", &status) == 0 && status.st_size > 0
    }

    /// Whether the file is written by way of a log, which it is from the first run on but not in a backup.
    var usesLog: Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // The version of the format that writers and readers have to know: 2 with a log, else 1.
        var version: UInt8 = 0
        return pread(descriptor, &version, 1, 18) == 1 && version == 2
    }

    /// Looks at what is there without changing a byte, and refuses what is not ours.
    func inspect() throws(CheckpointError) -> Contents {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw CheckpointError(systemError: errno, operation: "look at", path: path) }
            return .missing
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .notACheckpoint(path: path, detail: "it is not a regular file")
        }
        if status.st_size == 0 { return .empty }
        do {
            // Without a log the file is all there is; so read, it gets no files beside it even if it is not ours.
            let mode: Connection.Mode = hasLog ? .readOnly : .immutable
            return try Self.contents(of: Connection(path: path, mode: mode), path: path)
        } catch {
            throw CheckpointError(error, path: path)
        }
    }

    static func contents(of connection: Connection, path: String) throws -> Contents {
        let application = try connection.integer("PRAGMA application_id")
        let version = Int(try connection.integer("PRAGMA user_version"))
        if application == 0, version == 0, try connection.integer("SELECT count(*) FROM sqlite_schema") == 0 {
            return .empty
        }
        guard application == Int64(Schema.applicationID) else {
            throw CheckpointError.notACheckpoint(path: path, detail: "it is the database of another program")
        }
        guard version <= Schema.migrator.version else {
            throw CheckpointError.newerSchema(found: version, known: Schema.migrator.version, path: path)
        }
        return .checkpoint
    }

    /// Makes the file, readable by its owner alone whatever the umask, and the folders that it needs.
    ///
    /// SQLite gives the rights of the database to the log and the index that it makes beside it.
    func create() throws(CheckpointError) {
        let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CheckpointError(systemError: errno, operation: "create", path: path) }
        defer { close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else {
            throw CheckpointError(systemError: errno, operation: "set the rights of", path: path)
        }
        try Self.synchronize(folder)
    }

    func createFolder() throws(CheckpointError) {
        try Self.createFolder(folder)
    }

    private static func createFolder(_ folder: String) throws(CheckpointError) {
        guard access(folder, F_OK) != 0 else { return }
        let parent = Self.folder(of: folder)
        if parent != folder {
            try createFolder(parent)
        }
        // The second call is for an umask that takes rights from the owner too.
        guard mkdir(folder, 0o700) == 0, chmod(folder, 0o700) == 0 else {
            throw CheckpointError(systemError: errno, operation: "create the folder", path: folder)
        }
        try synchronize(parent)
    }

    /// Brings the names in a folder to the disk: a power cut could take away a new file with all that is safe in it.
    private static func synchronize(_ folder: String) throws(CheckpointError) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            // A folder that may be used but not listed cannot be opened.
            guard errno != EACCES else { return }
            throw CheckpointError(systemError: errno, operation: "open", path: folder)
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw CheckpointError(systemError: errno, operation: "synchronize", path: folder)
        }
    }

    /// Remembers which files stand under the names now.
    mutating func remember() {
        database = Self.identity(path)
        log = Self.identity(path + "-wal")
    }

    /// Whether the same files stand there still: a commit into a file that was removed or replaced is lost.
    var isStillThere: Bool {
        Self.identity(path) == database && Self.identity(path + "-wal") == log
    }

    /// Whether the disk takes no more files, however small.
    static func hasNoMoreFiles(near path: String) -> Bool {
        var status = statvfs()
        return statvfs(folder(of: path), &status) == 0 && status.f_files > 0 && status.f_favail == 0
    }

    /// The space left for a file, for messages.
    static func freeSpace(near path: String) -> String {
        var status = statvfs()
        guard statvfs(folder(of: path), &status) == 0 else { return "free space unknown" }
        let files = hasNoMoreFiles(near: path) ? ", no more files" : ""
        return "\(UInt64(status.f_bavail) * UInt64(status.f_frsize)) bytes free\(files)"
    }

    /// What the system says when a file cannot be read to its end; `nil` if it can.
    static func readError(_ path: String) -> Int32? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset: off_t = 0
        while true {
            let count = pread(descriptor, &buffer, buffer.count, offset)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count < 0 ? errno : nil }
            offset += off_t(count)
        }
    }

    /// Whether a file or its log has nearly reached the size that this process may write (`ulimit -f`).
    ///
    /// SQLite's error does not tell: other calls have replaced `errno` by then.
    static func isAtSizeLimit(_ path: String) -> Bool {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
        #else
            let resource = RLIMIT_FSIZE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return false }
        return [path, path + "-wal"].contains { name in
            var status = stat()
            // The write that failed was one page with its header in the log.
            return stat(name, &status) == 0 && rlim_t(status.st_size) + 32_768 > limit.rlim_cur
        }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func identity(_ path: String) -> Identity? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Identity(device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(status.st_ino))
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }
}
