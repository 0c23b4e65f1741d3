internal import BatchCore
internal import JobFiles

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A job file and the checkpoint that goes with it.
enum JobLocation {
    /// The checkpoint of a job: what the command line names, else `.genbatch/NAME.db` beside the job file, or
    /// `.genbatch/NAME.shard-0-of-4.db` for a part of it.
    static func checkpointPath(for jobFile: JobFile, _ options: CheckpointOptions) -> String {
        options.database ?? defaultPath(name: jobFile.job.name, folder: jobFile.folder, options.shard)
    }

    /// The checkpoint that an argument of `status`, `export` or `resume` means: a checkpoint itself, or a job file.
    static func checkpointPath(for argument: String, _ options: CheckpointOptions) throws -> String {
        if isDatabase(argument) {
            guard options.database == nil, options.shard == nil else {
                throw CommandFailure(
                    .wrongUsage,
                    "\(argument) is a checkpoint already; leave out --db and --shard, or name the job file"
                )
            }
            return argument
        }
        if let database = options.database { return database }
        let (job, folder) = try JobFile.settings(path: argument)
        return defaultPath(name: job.name, folder: folder, options.shard)
    }

    /// The words of a command line that name the same job and the same checkpoint again.
    static func words(for argument: String, _ options: CheckpointOptions) -> String {
        let database = options.database.map { " --db \(ShellWord.quoted($0))" } ?? ""
        let shard = options.shard.map { " --shard \($0)" } ?? ""
        return ShellWord.quoted(argument) + database + shard
    }

    /// Whether a file begins as SQLite files do, or is called like one: its beginning may be damaged.
    static func isDatabase(_ path: String) -> Bool {
        guard !path.hasSuffix(".db"), let file = fopen(path, "re") else { return path.hasSuffix(".db") }
        defer { fclose(file) }
        var magic = [UInt8](repeating: 0, count: 16)
        guard fread(&magic, 1, magic.count, file) == magic.count else { return false }
        return magic.starts(with: "SQLite format 3".utf8)
    }

    /// A job's name can be the name of a file: job files with other names are refused.
    private static func defaultPath(name: String, folder: String, _ shard: Shard?) -> String {
        let part = shard.map { ".shard-\($0.number)-of-\($0.count)" } ?? ""
        return "\(folder)/.genbatch/\(name)\(part).db"
    }
}
