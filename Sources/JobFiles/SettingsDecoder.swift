internal import BatchCore
internal import JSON
internal import YAML

/// Reads everything of a job file but the entries of `prompts`.
struct SettingsDecoder {
    static let keys = [
        "version", "name", "model", "backend", "stream", "system_instruction", "config", "prompts", "inputs", "prompt",
        "turns", "images", "id", "vars", "matrix", "limits", "retry", "timeouts", "on_truncation", "checks", "output",
        "vertex", "service_tier", "prices", "schedule",
    ]
    static let vertexKeys = ["project", "location"]
    static let limitKeys = [
        "concurrency", "requests_per_minute", "tokens_per_minute", "requests_per_day", "cost_usd", "total_tokens",
        "duration",
    ]
    static let retryKeys = ["attempts", "max_delay"]
    static let timeoutKeys = ["connect", "first_chunk", "idle", "item"]
    static let outputKeys = ["path"]
    /// How many attempts an item may have.
    static let attempts = 1...100

    private let reader: NodeReader
    private let access: FileAccess
    private var settings: JobSettings
    private var values: [String: (key: YAMLScalar, node: YAMLNode)] = [:]
    private var log: ProblemLog { reader.log }

    /// Prepares to read a file.
    ///
    /// - Parameters:
    ///   - defaultName: The job's name if the file gives none.
    ///   - access: What the job may read and write.
    ///   - log: Where problems are noted.
    init(defaultName: String, access: FileAccess, log: ProblemLog) {
        reader = NodeReader(log: log)
        self.access = access
        settings = JobSettings(job: Job(name: defaultName))
    }

    /// Walks over the file, but not over the prompts of a large one that nothing follows.
    ///
    /// - Throws: A ``YAMLError`` if the file cannot be read.
    mutating func decode(_ text: JobText) throws(YAMLError) -> JobSettings {
        var parser = try text.parser()
        let start = YAMLMark(line: 1, column: 1)
        guard let root = try parser.peek() else {
            throw YAMLError("the file is empty; a job needs `model` and `prompts` or `inputs`", at: start)
        }
        guard root.kind == .mapping else {
            throw YAMLError("a job file is a mapping: `model: …`, `prompts: […]`", at: root.mark)
        }
        try parser.enter()
        var firstKey: YAMLMark?
        var hasSkippedRest = false
        while !hasSkippedRest, let key = try parser.nextKey() {
            firstKey = firstKey ?? key.mark
            guard reader.accept(key, known: Self.keys) else {
                try parser.skipValue()
                continue
            }
            if key.text == "prompts", let next = try parser.peek(), next.kind == .sequence {
                settings.promptsMark = next.mark
                // Without braces a mapping begins with its first key.
                if firstKey == root.mark, try isLast(key, in: text) {
                    settings.promptsRange = try parser.nextValueStart()..<Int.max
                    hasSkippedRest = true
                } else {
                    settings.promptsRange = try parser.skipValue()
                }
            } else {
                values[key.text] = (key, try parser.readNode())
            }
        }
        if !hasSkippedRest {
            try parser.finish()
        }
        for error in parser.problems {
            log.add(error)
        }
        decodeJob()
        decodePromptDefaults()
        decodeInputs()
        checkWhole()
        return settings
    }

    /// Whether the value of a key, of a mapping without braces, is the last thing in a large file, as lists of prompts mostly
    /// are: to read a million of them only to know that nothing follows takes longer than all else.
    private func isLast(_ key: YAMLScalar, in text: JobText) throws(YAMLError) -> Bool {
        guard text.isLarge, key.mark.column == 1 else { return false }
        do throws(FileProblem) {
            return try !text.mayHaveKeys(below: key.mark.line)
        } catch {
            throw YAMLError(error.message, at: key.mark)
        }
    }

    // MARK: The run

    private mutating func decodeJob() {
        if let node = values["version"]?.node, let version = reader.integer(node, "\"version\"", in: 1...(.max)),
            version != 1
        {
            log.add("version \(version) is not known to this program, which reads version 1; update it", at: node.mark)
        }
        if let node = values["name"]?.node, let name = reader.text(node, "\"name\"")?.text {
            if Self.isFileName(name) {
                settings.job.name = name
            } else {
                log.add("\"\(name)\" cannot be the name of a file, which the checkpoint needs it for", at: node.mark)
            }
        }
        decodeBackend()
        if let node = values["stream"]?.node, let stream = reader.bool(node, "\"stream\"") {
            settings.job.stream = stream
        }
        if let node = values["on_truncation"]?.node,
            let policy = reader.choice(node, "\"on_truncation\"", of: Job.TruncationPolicy.self)
        {
            settings.job.onTruncation = policy
        }
        if let node = values["checks"]?.node {
            settings.job.checks = ChecksDecoder(log: log).checks(node)
            settings.checksMark = node.mark
        }
        decodeLimits()
        decodeTimes()
        decodeOutput()
        if let node = values["prices"]?.node {
            settings.job.prices = PriceTable(layers: [PriceDecoder(log: log).layer(node, origin: "the job's prices")])
        }
        if let node = values["schedule"]?.node {
            settings.job.schedule = ScheduleDecoder(log: log).schedule(node)
        }
    }

    private mutating func decodeBackend() {
        let kind = values["backend"].flatMap { reader.choice($0.node, "\"backend\"", of: JobBackend.Kind.self) }
        settings.job.backend = kind.map { JobBackend($0) }
        guard let (key, node) = values["vertex"] else { return }
        guard kind == .vertex else {
            if kind == .gemini || values["backend"] == nil {
                log.add("\"vertex\" is for `backend: vertex`", at: key.mark)
            }
            return
        }
        guard let fields = reader.fields(node, "\"vertex\"", known: Self.vertexKeys) else { return }
        let project = fields["project"].flatMap { cloudName($0, "project", also: ".:") }
        // It becomes part of the host's name, which a job must not choose freely.
        let location = fields["location"].flatMap { cloudName($0, "location", also: "") }
        settings.job.backend = JobBackend(.vertex, project: project, location: location)
    }

    /// The name of a project or location of Google Cloud.
    private func cloudName(_ node: YAMLNode, _ what: String, also characters: String) -> String? {
        guard let name = reader.text(node, "\"\(what)\"")?.text else { return nil }
        let isName = name.utf8.allSatisfy { byte in
            byte >= 0x61 && byte <= 0x7A || byte >= 0x30 && byte <= 0x39 || byte == UInt8(ascii: "-")
                || characters.utf8.contains(byte)
        }
        guard isName, !name.isEmpty, !name.contains("..") else {
            log.add(
                "\"\(name)\" is no \(what) of Google Cloud; use lower-case letters, digits and hyphens",
                at: node.mark
            )
            return nil
        }
        return name
    }

    private mutating func decodeLimits() {
        let quotas: [(String, WritableKeyPath<QuotaLimits, Int?>)] = [
            ("requests_per_minute", \.requestsPerMinute), ("tokens_per_minute", \.tokensPerMinute),
            ("requests_per_day", \.requestsPerDay),
        ]
        guard let node = values["limits"]?.node,
            let fields = reader.fields(node, "\"limits\"", known: Self.limitKeys)
        else { return }
        if let field = fields["concurrency"],
            let number = reader.integer(field, "\"concurrency\"", in: 1...Limits.maximumConcurrency)
        {
            settings.job.limits.concurrency = number
        }
        for (name, path) in quotas {
            if let number = fields[name].flatMap({ reader.integer($0, "\"\(name)\"", in: 1...QuotaLimits.maximum) }) {
                settings.job.limits.quota[keyPath: path] = number
            }
        }
        let range = 1...SpendingLimits.maximumTokens
        settings.job.limits.spending = SpendingLimits(
            cost: fields["cost_usd"].flatMap { reader.dollars($0, "\"cost_usd\"") },
            totalTokens: fields["total_tokens"].flatMap { reader.integer($0, "\"total_tokens\"", in: range) }
        )
        settings.job.limits.duration = fields["duration"].flatMap { reader.duration($0, "\"duration\"") }
    }

    private mutating func decodeTimes() {
        if let node = values["retry"]?.node,
            let fields = reader.fields(node, "\"retry\"", known: Self.retryKeys)
        {
            if let attempts = fields["attempts"].flatMap({ reader.integer($0, "\"attempts\"", in: Self.attempts) }) {
                settings.job.retry.attempts = attempts
            }
            if let delay = fields["max_delay"].flatMap({ reader.duration($0, "\"max_delay\"") }) {
                settings.job.retry.maximumDelay = delay
            }
        }
        let names: [(String, WritableKeyPath<Timeouts, Duration>)] = [
            ("connect", \.connect), ("first_chunk", \.firstChunk), ("idle", \.idle), ("item", \.item),
        ]
        guard let node = values["timeouts"]?.node,
            let fields = reader.fields(node, "\"timeouts\"", known: Self.timeoutKeys)
        else { return }
        for (name, path) in names {
            if let duration = fields[name].flatMap({ reader.duration($0, "\"\(name)\"") }) {
                settings.job.timeouts[keyPath: path] = duration
                settings.job.flexTimeouts[keyPath: path] = duration
            }
        }
    }

    private mutating func decodeOutput() {
        guard let node = values["output"]?.node,
            let path = reader.fields(node, "\"output\"", known: Self.outputKeys)?["path"],
            let text = reader.text(path, "\"path\"")?.text
        else { return }
        // Folders that the command line allows are for reading.
        let writing = FileAccess(folder: access.folder, allowedFolders: [])
        if writing.isInside(text), !writing.isFolder(text), !text.hasSuffix("/") {
            settings.job.outputPath = text
        } else {
            log.add("the output \"\(text)\" must be a file in the job's folder", at: path.mark)
        }
    }

    private static func isFileName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 100 && !name.contains("/")
            && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }

    // MARK: The items

    private mutating func decodePromptDefaults() {
        settings.model = values["model"].flatMap { reader.template($0.node, "\"model\"") }
        settings.hasBrokenModel = values["model"] != nil && settings.model == nil
        settings.systemInstruction = values["system_instruction"]
            .flatMap { reader.template($0.node, "\"system_instruction\"") }
        let decoder = ConfigDecoder(backend: settings.backend, log: log)
        settings.config = decoder.config(values["config"]?.node, serviceTier: values["service_tier"]?.node)
        if let node = values["config"]?.node {
            let hasInstruction = settings.systemInstruction != nil
            if let conflict = ConfigDecoder.conflict(in: settings.config, hasInstruction: hasInstruction) {
                log.add(conflict, at: node.mark)
            }
        }
        if let node = values["vars"]?.node {
            settings.variables = reader.variables(node, "\"vars\"") ?? [:]
        }
        if let node = values["matrix"]?.node {
            settings.matrix = Matrix(node, backend: settings.backend, log: log)
        }
    }

    private mutating func decodeInputs() {
        guard let (key, node) = values["inputs"] else {
            for name in ["prompt", "turns", "images", "id"] {
                guard let key = values[name]?.key else { continue }
                log.add(
                    "\"\(name)\" is for the rows of `inputs`, and there are none; did you want `prompts`?",
                    at: key.mark
                )
            }
            return
        }
        guard let nodes = reader.list(node, "\"inputs\"") else { return }
        if nodes.isEmpty {
            log.add("\"inputs\" is empty", at: node.mark)
        }
        settings.inputs = nodes.compactMap(input)
        for input in settings.inputs.filter(\.isStandardInput).dropFirst() {
            log.add("standard input can be read only once", at: input.mark)
        }
        let decoder = PromptDecoder(log: log)
        var spec = PromptSpec(mark: key.mark)
        switch (values["prompt"], values["turns"]) {
        case (let prompt?, nil): spec.turns = decoder.prompt(prompt.node, "\"prompt\"")
        case (nil, let turns?): spec.turns = decoder.turns(turns.node)
        case (nil, nil): log.add("\"inputs\" needs a template beside it: `prompt` or `turns`", at: key.mark)
        case (_?, let turns?): log.add("\"prompt\" and \"turns\" exclude each other; keep one", at: turns.key.mark)
        }
        spec.id = values["id"].flatMap { reader.template($0.node, "\"id\"") }
        spec.images = values["images"].map { decoder.images($0.node) } ?? []
        spec.model = settings.model
        spec.systemInstruction = settings.systemInstruction
        spec.config = settings.config
        spec.checksMark = settings.checksMark
        settings.rows = spec
    }

    private func input(_ node: YAMLNode) -> InputSpec? {
        let kinds = InputSpec.Kind.allCases
        let before = log.count
        guard let fields = reader.fields(node, "an input", known: kinds.map(\.rawValue)) else { return nil }
        let given = kinds.filter { fields[$0.rawValue] != nil }
        guard given.count == 1, let kind = given.first, let value = fields[kind.rawValue] else {
            if log.count == before {
                log.add("an input is one of `files: …`, `jsonl: …` or `csv: …`", at: node.mark)
            }
            return nil
        }
        return reader.text(value, "\"\(kind.rawValue)\"").map { InputSpec(kind: kind, path: $0.text, mark: $0.mark) }
    }

    private func checkWhole() {
        if let prompts = values["prompts"]?.node {
            _ = reader.mismatch("\"prompts\" must be a list", prompts) as Never?
        } else if settings.promptsMark == nil, values["inputs"] == nil {
            log.add("the job has no items; add `prompts` or `inputs`", at: YAMLMark(line: 1, column: 1))
        }
    }
}
