package import BatchCore
internal import YAML

/// A job file that was read and found right; its items are read when they are asked for.
package struct JobFile: Sendable {
    /// What the command line allows a job beyond its own folder.
    package struct Options: Sendable {
        /// Folders outside the job's that it may read from.
        package var allowedFolders: [String]
        /// The descriptor that `jsonl: "-"` reads; never closed.
        package var standardInput: Int32

        package init(allowedFolders: [String] = [], standardInput: Int32 = 0) {
            self.allowedFolders = allowedFolders
            self.standardInput = standardInput
        }
    }

    package let job: Job
    /// The file as it was named.
    package let path: String
    /// The folder that paths in the file are relative to: absolute, links resolved.
    package let folder: String
    /// What the job may read, one line each, for people; ``JobItems/reads`` has what the prompts of a large file add.
    package var reads: [String] { readList.lines }

    /// Whether items come from standard input, which can be read only once.
    package var readsStandardInput: Bool { settings.inputs.contains(where: \.isStandardInput) }

    /// The files that all items come from, as they were when they were checked; `nil` if there is anything else.
    var inputFiles: [(path: String, stamp: FileStamp)]? {
        guard let stamp = text.stamp else { return nil }
        var files = [(text.path, stamp)]
        for input in settings.inputs {
            guard input.kind != .files, let stamp = input.stamp else { return nil }
            files.append((input.path, stamp))
        }
        return files
    }

    /// The same for one of them at this moment.
    func currentStamp(of path: String) -> FileStamp? {
        let file = path == text.path ? try? InputFile(path: path, name: path) : try? access.open(path).file
        return file?.stamp
    }

    private let text: JobText
    private let settings: JobSettings
    private let access: FileAccess
    private let standardInput: StandardInput
    private let readList: ReadList

    /// Reads and checks everything of a job but its rows of data, and the prompts of a large file.
    ///
    /// - Throws: A ``JobFileError`` with every problem that was found.
    package static func load(path: String, options: Options = Options()) throws(JobFileError) -> JobFile {
        let text: JobText
        do throws(FileProblem) {
            text = try JobText(path: path)
        } catch {
            throw JobFileError(error, file: path)
        }
        return try JobFile(text, folder: Self.folder(of: path), options: options)
    }

    /// Reads and checks a job whose text is at hand, as from a checkpoint.
    ///
    /// - Parameters:
    ///   - contents: The YAML text.
    ///   - name: What messages call it; its last part without extension is the default name of the job.
    ///   - folder: What paths in the text are relative to.
    ///   - options: What the command line allows.
    /// - Returns: The job.
    /// - Throws: A ``JobFileError`` with every problem that was found.
    package static func load(
        contents: [UInt8],
        name: String,
        folder: String,
        options: Options = Options()
    ) throws(JobFileError) -> JobFile {
        try JobFile(JobText(contents, path: name), folder: folder, options: options)
    }

    private init(_ text: JobText, folder: String, options: Options) throws(JobFileError) {
        guard let folder = FileAccess.realPath(of: folder) else {
            throw JobFileError(FileProblem("the job's folder \(folder) is not there", isMissing: true), file: text.path)
        }
        self.text = text
        self.folder = folder
        path = text.path
        access = FileAccess(folder: folder, allowedFolders: options.allowedFolders)
        standardInput = StandardInput(descriptor: options.standardInput)
        let log = ProblemLog()
        var settings = JobSettings(job: Job(name: ""))
        var reads = ReadList()
        do throws(YAMLError) {
            var decoder = SettingsDecoder(defaultName: Self.name(of: text.path), access: access, log: log)
            settings = try decoder.decode(text)
            var checker = JobChecker(text: text, settings: settings, access: access, log: log)
            settings = try checker.check()
            reads = checker.reads
        } catch {
            log.add(error)
        }
        if let error = log.error(in: text) { throw error }
        self.settings = settings
        readList = reads
        job = settings.job
    }

    /// The YAML text as a checkpoint keeps it, so that the job can be resumed from there.
    ///
    /// It is read again. Of a large file the entries of `prompts` are left out: they are items of the checkpoint.
    ///
    /// - Throws: A ``JobFileError`` if the file cannot be read, or is not the one that was checked.
    package func textToKeep() throws(JobFileError) -> [UInt8] {
        do throws(FileProblem) {
            guard text.isLarge, let prompts = settings.promptsRange else {
                return try text.contents()
            }
            let rest = try text.contents(emptying: prompts, remark: "the entries are items of the checkpoint")
            // What refers to an anchor in an entry cannot be read without it.
            let isJob = (try? Self.settings(contents: rest, name: path, folder: folder)) != nil
            return isJob ? rest : try text.contents()
        } catch {
            throw JobFileError(error, file: path)
        }
    }

    /// The items from the first one, templates rendered.
    ///
    /// Can be called again, but for a job that reads standard input.
    ///
    /// - Returns: A source whose `next()` throws a ``JobFileError`` for bad rows of data, and bad prompts of a large file.
    /// - Throws: A ``JobFileError`` if the file cannot be read, or is not the one that was checked.
    package func makeItems() throws(JobFileError) -> JobItems {
        try JobItems(text: text, settings: settings, access: access, standardInput: standardInput, reads: readList)
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func name(of path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? ""
        let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
        return stem.isEmpty ? "job" : stem
    }
}

extension JobFileError {
    init(_ problem: FileProblem, file: String) {
        self.init([Problem(file: file, message: problem.message, isMissingInput: problem.isMissing)])
    }
}
