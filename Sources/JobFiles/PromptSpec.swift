internal import BatchCore
internal import JSON
internal import YAML

/// What makes an item, its templates not rendered yet: one entry of `prompts`, or the template of all rows of `inputs`.
struct PromptSpec: Sendable {
    var mark: YAMLMark
    var id: LocatedTemplate?
    var turns: [LocatedTemplate] = []
    var images: [ImageSpec] = []
    var model: LocatedTemplate?
    var systemInstruction: LocatedTemplate?
    /// The item's settings laid over the job's.
    var config = JSONObject()
    /// The item's own checks, to be laid over the job's.
    var checks = AnswerChecks()
    /// Where its checks stand, or those of the job.
    var checksMark: YAMLMark?
    /// Variables of the item, over the job's.
    var variables = JSONObject()

    init(mark: YAMLMark) {
        self.mark = mark
    }

    /// Visits all texts that may hold tags.
    func forEachTemplate(_ visit: (LocatedTemplate) -> Void) {
        for template in [id, model, systemInstruction] {
            template.map(visit)
        }
        turns.forEach(visit)
        for image in images {
            visit(image.address)
            image.mimeType.map(visit)
        }
    }
}

/// The same in a place of its own, so that it is not copied for each row that is rendered through it.
final class SharedSpec: Sendable {
    let spec: PromptSpec

    init(_ spec: PromptSpec) {
        self.spec = spec
    }
}

/// One entry of `images`.
struct ImageSpec: Sendable {
    enum Form: Sendable {
        /// Told by the text: a URI has a scheme.
        case either
        case uri
        case path
    }

    var address: LocatedTemplate
    var form = Form.either
    var mimeType: LocatedTemplate?
}

/// Reads what the job and its prompts have in common.
struct PromptDecoder {
    static let keys = [
        "id", "prompt", "turns", "images", "config", "service_tier", "model", "system_instruction", "vars", "checks",
    ]
    static let imageKeys = ["uri", "path", "mime_type"]

    private let reader: NodeReader
    private var log: ProblemLog { reader.log }

    init(log: ProblemLog) {
        reader = NodeReader(log: log)
    }

    /// One entry of `prompts`, over the defaults of its job; `nil` after it has noted what is wrong with it.
    func inlinePrompt(_ node: YAMLNode, over settings: JobSettings) -> PromptSpec? {
        let before = log.count
        var spec = PromptSpec(mark: node.mark)
        spec.model = settings.model
        spec.systemInstruction = settings.systemInstruction
        spec.config = settings.config
        spec.checksMark = settings.checksMark
        switch node.content {
        case .scalar: spec.turns = prompt(node, "a prompt")
        case .mapping: readFields(of: node, over: settings, into: &spec)
        case .sequence:
            return reader.mismatch("a prompt must be text or a mapping; write a chat as {turns: […]}", node)
        }
        return log.count == before ? spec : nil
    }

    private func readFields(of node: YAMLNode, over settings: JobSettings, into spec: inout PromptSpec) {
        guard let fields = reader.fields(node, "a prompt", known: Self.keys) else { return }
        if let id = fields["id"] {
            spec.id = reader.template(id, "\"id\"")
        }
        switch (fields["prompt"], fields["turns"]) {
        case (let prompt?, nil): spec.turns = self.prompt(prompt, "\"prompt\"")
        case (nil, let turns?): spec.turns = self.turns(turns)
        case (nil, nil): log.add("the item has neither \"prompt\" nor \"turns\"", at: node.mark)
        case (_?, let turns?): log.add("\"prompt\" and \"turns\" exclude each other; keep one", at: turns.mark)
        }
        if let images = fields["images"] {
            spec.images = self.images(images)
        }
        if let model = fields["model"] {
            spec.model = reader.template(model, "\"model\"")
        }
        if let instruction = fields["system_instruction"] {
            spec.systemInstruction = reader.template(instruction, "\"system_instruction\"")
        }
        if let variables = fields["vars"] {
            spec.variables = reader.variables(variables, "\"vars\"") ?? [:]
        }
        let config = ConfigDecoder(backend: settings.backend, log: log)
            .config(fields["config"], serviceTier: fields["service_tier"])
        spec.config = spec.config.merging(config)
        if let checks = fields["checks"] {
            spec.checks = ChecksDecoder(log: log).checks(checks, over: settings.job.checks)
            spec.checksMark = checks.mark
        }
        let hasInstruction = spec.systemInstruction != nil
        if let node = fields["config"] ?? fields["system_instruction"],
            let conflict = ConfigDecoder.conflict(in: spec.config, hasInstruction: hasInstruction)
        {
            log.add(conflict, at: node.mark)
        }
    }

    /// One turn, as a list, or nothing after noting a problem.
    func prompt(_ node: YAMLNode, _ what: String) -> [LocatedTemplate] {
        guard let scalar = reader.text(node, what) else { return [] }
        // What is there is most often told by its first byte.
        let startsWithText = scalar.text.utf8.first.map { $0 > 0x20 && $0 < 0x7F } ?? false
        guard startsWithText || scalar.text.contains(where: { !$0.isWhitespace }) else {
            log.add("\(what) is empty", at: node.mark)
            return []
        }
        return reader.template(scalar).map { [$0] } ?? []
    }

    func turns(_ node: YAMLNode) -> [LocatedTemplate] {
        guard let nodes = reader.list(node, "\"turns\"") else { return [] }
        if nodes.isEmpty {
            log.add("\"turns\" is empty", at: node.mark)
        }
        return nodes.flatMap { prompt($0, "a turn") }
    }

    func images(_ node: YAMLNode) -> [ImageSpec] {
        reader.list(node, "\"images\"")?.compactMap(image) ?? []
    }

    private func image(_ node: YAMLNode) -> ImageSpec? {
        guard case .mapping = node.content else {
            return reader.template(node, "an image").map { ImageSpec(address: $0) }
        }
        guard let fields = reader.fields(node, "an image", known: Self.imageKeys) else { return nil }
        let mimeType = fields["mime_type"].flatMap { reader.template($0, "\"mime_type\"") }
        switch (fields["uri"], fields["path"]) {
        case (let uri?, nil):
            return reader.template(uri, "\"uri\"").map { ImageSpec(address: $0, form: .uri, mimeType: mimeType) }
        case (nil, let path?):
            return reader.template(path, "\"path\"").map { ImageSpec(address: $0, form: .path, mimeType: mimeType) }
        default:
            log.add("an image needs either \"uri\" or \"path\"", at: node.mark)
            return nil
        }
    }
}
