internal import Checkpointing
internal import JobFiles

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A job file and the checkpoint that goes with it.
enum JobLocation {
    /// The checkpoint of a job: what the command line names, else `.genbatch/NAME.db` beside the job file.
    static func checkpointPath(for jobFile: JobFile, _ options: CheckpointOptions) -> String {
        options.database ?? "\(jobFile.folder)/.genbatch/\(fileName(for: jobFile.job.name)).db"
    }

    /// The checkpoint that an argument of `status`, `export` or `resume` means: a checkpoint itself, or a job file.
    static func checkpointPath(for argument: String, _ options: CheckpointOptions) throws -> String {
        if let database = options.database { return database }
        if isDatabase(argument) { return argument }
        let jobFile = try JobFile.load(path: argument, options: JobFile.Options(allowedFolders: [], checksInputs: false))
        return checkpointPath(for: jobFile, options)
    }

    /// Whether a file begins as SQLite files do.
    static func isDatabase(_ path: String) -> Bool {
        guard let file = fopen(path, "re") else { return path.hasSuffix(".db") }
        defer { fclose(file) }
        var magic = [UInt8](repeating: 0, count: 16)
        guard fread(&magic, 1, magic.count, file) == magic.count else { return path.hasSuffix(".db") }
        return magic.starts(with: "SQLite format 3".utf8)
    }

    /// A job's name as a file name: what could lead elsewhere becomes `_`.
    private static func fileName(for name: String) -> String {
        let safe = name.unicodeScalars.map { scalar -> Character in
            let isSafe = scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "-_.".unicodeScalars.contains(scalar)
            return isSafe ? Character(scalar) : "_"
        }
        return safe.first == "." ? "_" + String(safe.dropFirst()) : String(safe)
    }
}
