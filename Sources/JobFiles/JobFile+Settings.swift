package import BatchCore
internal import YAML

extension JobFile {
    /// What a job file says about its runs; its prompts and data are not looked at, and may be gone.
    ///
    /// - Parameter path: The job file.
    /// - Returns: The settings, and the folder of the job, absolute, links resolved.
    /// - Throws: A ``JobFileError`` with every problem that was found.
    package static func settings(path: String) throws(JobFileError) -> (job: Job, folder: String) {
        let text: JobText
        do throws(FileProblem) {
            text = try JobText(path: path)
        } catch {
            throw JobFileError(error, file: path)
        }
        return try settings(of: text, folder: folder(of: path))
    }

    /// The same of a job whose text is at hand, as from a checkpoint.
    package static func settings(contents: [UInt8], name: String, folder: String) throws(JobFileError) -> Job {
        try settings(of: JobText(contents, path: name), folder: folder).job
    }

    private static func settings(of text: JobText, folder: String) throws(JobFileError) -> (job: Job, folder: String) {
        let folder = FileAccess.realPath(of: folder) ?? folder
        let log = ProblemLog()
        let access = FileAccess(folder: folder, allowedFolders: [])
        var decoder = SettingsDecoder(defaultName: name(of: text.path), access: access, log: log)
        var job = Job(name: "")
        do throws(YAMLError) {
            job = try decoder.decode(text).job
        } catch {
            log.add(error)
        }
        if let error = log.error(in: text) { throw error }
        return (job, folder)
    }
}

extension Duration {
    /// A time as job files write it: `500ms`, `10s`, `1m30s`, `2h`.
    package init?(jobFileText text: String) {
        guard let duration = DurationText.parse(text) else { return nil }
        self = duration
    }
}

/// Types of media by their address.
package enum MediaType {
    /// The type that the ending of a URI or a path tells; a query does not get in the way.
    package static func guess(address: String) -> String? {
        (try? MediaAddress(address))?.guessedType
    }
}
