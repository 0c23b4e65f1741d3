internal import BatchCore
internal import JSON
internal import YAML

/// Renders what makes an item into the item.
final class ItemBuilder {
    /// Something that keeps an item from being built.
    struct Failure: Error {
        var problems: [ItemProblem]
    }

    struct ItemProblem {
        var message: String
        var place: Place
        var suggestion: String?
        var isMissingInput = false
    }

    static let noModel = "no model is given; add `model: NAME`"
    private static let maximumIDBytes = 512

    let settings: JobSettings
    let media: MediaResolver
    /// Whether the items are only looked at: then nothing is hashed.
    private let isCheck: Bool
    /// The name of a model that was found right last.
    private var lastModel: String?

    init(settings: JobSettings, access: FileAccess, isCheck: Bool) {
        self.settings = settings
        self.isCheck = isCheck
        media = MediaResolver(access: access, mode: isCheck ? .check : .hash)
    }

    /// The item at one point of the matrix.
    ///
    /// - Parameters:
    ///   - spec: The templates.
    ///   - row: The data; `nil` for an entry of `prompts`.
    ///   - isOpen: Whether other rows may have other fields.
    ///   - combination: The point of the matrix.
    ///   - origin: Where the item comes from.
    /// - Returns: The item; when it is only looked at, without the hashes in it.
    /// - Throws: A ``Failure`` with everything that is wrong with this item.
    func item(
        _ spec: PromptSpec,
        row: DataRow?,
        isOpen: Bool,
        at combination: Matrix.Combination,
        origin: String
    ) throws(Failure) -> SourceItem {
        var rendering = Rendering(scope(spec, fields: row?.fields ?? JSONObject(), isOpen: isOpen, at: combination))
        var problems: [ItemProblem] = []
        let model = spec.model.map { rendering.text(of: $0) }
        var request = ItemRequest(
            model: combination.model ?? model ?? nameOfNoModel(&problems),
            systemInstruction: spec.systemInstruction.map { rendering.text(of: $0) },
            config: spec.config.merging(combination.config),
            turns: spec.turns.map { ItemRequest.Turn(text: rendering.text(of: $0)) }
        )
        check(model: request.model, at: spec.model?.mark ?? spec.mark, &problems)
        schemaProblem(of: spec, config: request.config).map { problems.append($0) }
        if !request.turns.isEmpty {
            request.turns[0].media = spec.images.compactMap { reference(to: $0, &rendering, &problems) }
        }
        let key: SourceItem.Key
        if let located = spec.id {
            key = .explicit(id(located, &rendering, &problems) + combination.suffix)
        } else {
            key = .content(isCheck ? "" : ItemFingerprint.contentKey(of: request) + combination.suffix)
        }
        guard rendering.isComplete else { throw Failure(problems: unknownVariables(of: spec, in: rendering.scope)) }
        guard problems.isEmpty else { throw Failure(problems: problems) }
        return SourceItem(
            key: key,
            origin: origin,
            input: (row?.input ?? JSONObject()).merging(combination.variables),
            request: request,
            checks: spec.checks
        )
    }

    /// The tags that no row could give a value, as far as the names of the fields are known.
    func unknownVariables(of spec: PromptSpec, fields: [String]) -> [ItemProblem] {
        let row = JSONObject(fields.map { (name: $0, value: "") })
        return unknownVariables(
            of: spec,
            in: scope(spec, fields: row, isOpen: false, at: settings.matrix.combinations[0])
        )
    }

    private func scope(
        _ spec: PromptSpec,
        fields: JSONObject,
        isOpen: Bool,
        at combination: Matrix.Combination
    ) -> TemplateScope {
        TemplateScope(layers: [combination.variables, fields, spec.variables, settings.variables], isOpen: isOpen)
    }

    private func unknownVariables(of spec: PromptSpec, in scope: TemplateScope) -> [ItemProblem] {
        var problems: [ItemProblem] = []
        spec.forEachTemplate { located in
            for problem in located.template.problems(in: scope) {
                problems.append(
                    ItemProblem(
                        message: problem.message,
                        place: located.place(ofTag: problem.ordinal),
                        suggestion: problem.suggestion
                    )
                )
            }
        }
        return problems
    }

    private func nameOfNoModel(_ problems: inout [ItemProblem]) -> String {
        guard !settings.hasBrokenModel else { return "unknown" }
        problems.append(ItemProblem(message: Self.noModel, place: Place(YAMLMark(line: 1, column: 1))))
        return ""
    }

    /// The name becomes part of a URL.
    private func check(model: String, at mark: YAMLMark, _ problems: inout [ItemProblem]) {
        guard problems.isEmpty, model != lastModel else { return }
        // By hand, because it is done for every item.
        var previous: Unicode.Scalar = "/"
        let isName = model.unicodeScalars.allSatisfy { scalar in
            defer { previous = scalar }
            switch scalar {
            case "_", "-", "@", ":": return true
            case ".": return previous != "."
            case "/": return previous != "/"
            default: return scalar.isASCIILetterOrDigit
            }
        }
        if model.isEmpty || !isName {
            problems.append(ItemProblem(message: "\"\(model)\" cannot be the name of a model", place: Place(mark)))
        } else {
            lastModel = model
        }
    }

    /// A check against a schema needs one.
    func schemaProblem(of spec: PromptSpec, config: JSONObject) -> ItemProblem? {
        guard spec.checks.schema ?? settings.job.checks.schema == true, AnswerCheck.schema(in: config) == nil else {
            return nil
        }
        let message = "\"schema\" needs response_json_schema or response_schema in config"
        return ItemProblem(message: message, place: Place(spec.checksMark ?? spec.mark))
    }

    private func reference(
        to image: ImageSpec,
        _ rendering: inout Rendering,
        _ problems: inout [ItemProblem]
    ) -> MediaReference? {
        let address = rendering.text(of: image.address)
        let mimeType = image.mimeType.map { rendering.text(of: $0) }
        guard rendering.isComplete else { return nil }
        do throws(FileProblem) {
            return try media.reference(to: address, as: image.form, mimeType: mimeType)
        } catch {
            let place = Place(image.address.mark)
            problems.append(ItemProblem(message: error.message, place: place, isMissingInput: error.isMissing))
            return nil
        }
    }

    private func id(
        _ located: LocatedTemplate,
        _ rendering: inout Rendering,
        _ problems: inout [ItemProblem]
    ) -> String {
        var id = rendering.text(of: located)
        let place = Place(located.mark)
        if id.isEmpty {
            problems.append(ItemProblem(message: "the id is empty", place: place))
        } else if id.utf8.count > Self.maximumIDBytes {
            problems.append(ItemProblem(message: "the id is longer than \(Self.maximumIDBytes) bytes", place: place))
        } else if id.withUTF8({ $0.contains { $0 < 0x20 || $0 == 0x7F } }) {
            problems.append(ItemProblem(message: "the id holds a control character or a line break", place: place))
        }
        return id
    }
}

/// Renders the templates of one item, and notes whether all of their tags had a value.
private struct Rendering {
    let scope: TemplateScope
    private(set) var isComplete = true

    init(_ scope: TemplateScope) {
        self.scope = scope
    }

    mutating func text(of located: LocatedTemplate) -> String {
        if let text = located.template.render(scope) { return text }
        isComplete = false
        return ""
    }
}

extension ProblemLog {
    /// Notes what is wrong with an item, and which row of data it came from.
    func add(_ problems: [ItemBuilder.ItemProblem], row: String? = nil) {
        for problem in problems {
            add(
                row.map { "\(problem.message) for \($0)" } ?? problem.message,
                at: problem.place,
                suggestion: problem.suggestion,
                isMissingInput: problem.isMissingInput
            )
        }
    }
}
