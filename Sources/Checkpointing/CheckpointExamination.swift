internal import SQLite

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What there is to say about a checkpoint as a file, also about one that cannot be used; nothing is changed.
package struct CheckpointExamination: Sendable {
    /// A file beside the checkpoint that bears its name.
    package struct Neighbour: Sendable, Equatable {
        package enum Kind: Sendable, Equatable {
            /// A copy, made by hand or before the schema was changed.
            case backup
            /// Half of a copy, or of an export, that was cut short.
            case partial
            /// Answers that the checkpoint could not take when it was removed.
            case rescue
        }

        package let kind: Kind
        package let path: String
        package let bytes: Int64
    }

    /// With links resolved.
    package let path: String
    /// Why it cannot be read; `nil` if it can.
    package private(set) var failure: CheckpointError?
    /// The first thing that is wrong inside; `nil` if nothing is.
    package private(set) var damage: String?
    package private(set) var status: CheckpointStatus?
    /// The permissions of the file and its folder; `nil` for what is missing.
    package let fileMode: UInt16?
    package let folderMode: UInt16?
    package let mayWrite: Bool
    /// The name of the network file system that it is on; `nil` on a disk of this machine.
    package let networkFileSystem: String?
    package let freeBytes: Int64?
    /// The free space that a run insists on.
    package let floor: Int64
    package let neighbours: [Neighbour]
    /// Whether what was committed last is likely to be missing: the last run did not come to its end, and the log that it
    /// would have left is not here.
    package private(set) var lacksLog = false

    /// Looks at everything, and reads all of the file.
    ///
    /// - Parameters:
    ///   - path: The checkpoint.
    ///   - storage: What its disk has to be like.
    package init(path: String, storage: StorageRules = StorageRules()) {
        let file = CheckpointFile(path: path)
        self.path = file.path
        fileMode = Self.mode(file.path)
        folderMode = Self.mode(file.folder)
        mayWrite = access(file.path, W_OK) == 0 && access(file.folder, W_OK) == 0
        let fileSystem = storage.fileSystem(file.path)
        networkFileSystem = fileSystem?.networkName
        freeBytes = fileSystem?.freeBytes
        floor = fileSystem.map { storage.floor($0.totalBytes) } ?? 0
        neighbours = Self.neighbours(of: file)
        let isLogMissing = file.usesLog && !file.hasLog
        do {
            let reader = try CheckpointReader(path: path)
            let status = try reader.status()
            self.status = status
            damage = try reader.damage(isQuick: true)
            let wasCut = status.lastRun.map { $0.endedAtMilliseconds == nil } ?? false
            lacksLog = isLogMissing && status.lockHolder == nil && wasCut
        } catch {
            failure = error
            // A copy of a new checkpoint without its log has no table in it.
            lacksLog = error.kind == .missing && isLogMissing
        }
    }

    private static func mode(_ path: String) -> UInt16? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt16(truncatingIfNeeded: status.st_mode & 0o777) : nil
    }

    private static func neighbours(of file: CheckpointFile) -> [Neighbour] {
        guard let folder = opendir(file.folder) else { return [] }
        defer { closedir(folder) }
        let prefix = file.path.split(separator: "/").last.map { "\($0)." } ?? ""
        var found: [Neighbour] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix(prefix), let kind = kind(String(name.dropFirst(prefix.count))) else { continue }
            var status = stat()
            guard stat("\(file.folder)/\(name)", &status) == 0 else { continue }
            found.append(Neighbour(kind: kind, path: "\(file.folder)/\(name)", bytes: Int64(status.st_size)))
        }
        return found.sorted { $0.path < $1.path }
    }

    private static func kind(_ suffix: String) -> Neighbour.Kind? {
        if let range = suffix.firstRange(of: "partial-") {
            // One that is being written belongs to a process that lives.
            let isAlive = pid_t(suffix[range.upperBound...].prefix { $0.isNumber }).map { kill($0, 0) == 0 } ?? false
            return isAlive ? nil : .partial
        }
        if suffix.hasPrefix("backup-") { return .backup }
        if suffix.hasPrefix("rescue-") { return .rescue }
        return nil
    }
}

extension CheckpointReader {
    /// Looks for damage inside the file.
    ///
    /// - Parameter isQuick: Whether to leave out the comparison of tables with their indexes.
    /// - Returns: The first thing that is wrong; `nil` if nothing is.
    /// - Throws: A ``CheckpointError`` if it cannot be looked at.
    func damage(isQuick: Bool) throws(CheckpointError) -> String? {
        do {
            return try connection.integrityProblem(isQuick: isQuick)
        } catch  where error.code == .corrupt {
            return error.message
        } catch {
            throw CheckpointError(error, path: path)
        }
    }
}
