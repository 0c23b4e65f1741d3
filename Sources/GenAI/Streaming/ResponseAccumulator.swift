internal import JSON

/// Makes one response of the chunks of an answer.
///
/// The parts of each candidate come one after the other, neighbouring texts joined. Token counts are running totals, of
/// which a chunk may tell only some: of each the last one counts. Only where one request could not hold the answer
/// (``FinishReason/continuation``) are the counts of the requests added, because each is billed. Of every other member
/// the last one stays.
///
/// ```swift
/// var answer = ResponseAccumulator()
/// for try await chunk in client.models.generateContentStream(model: "gemini-3.8-flash", contents: "Tell me a story") {
///     answer.append(chunk)
/// }
/// print(answer.response.usageMetadata?.totalTokenCount ?? 0)
/// ```
public struct ResponseAccumulator: Sendable {
    /// As long as it is the only one: then it stays as the server sent it.
    private var only: GenerateContentResponse?
    private var members: JSONObject = [:]
    private var candidates: [Int: MergedCandidate] = [:]
    /// Of the request in hand.
    private var usage: UsageMetadata?
    /// Of the requests before it.
    private var earlierUsage: UsageMetadata?
    private var serviceTier: ServiceTier?
    private(set) var isEmpty = true

    /// Makes one without any chunks.
    public init() {}

    /// The chunks so far as one response; without members if there were none.
    public var response: GenerateContentResponse {
        if let only { return only }
        var json: JSONObject = [:]
        if !candidates.isEmpty {
            json["candidates"] = .array(candidates.sorted { $0.key < $1.key }.map { .object($0.value.json) })
        }
        for member in members {
            json[member.name] = member.value
        }
        json[view: "usageMetadata"] = earlierUsage.map { $0.adding(usage) } ?? usage
        var response = GenerateContentResponse(json: json)
        response.serviceTier = serviceTier
        return response
    }

    /// Adds the next chunk.
    ///
    /// - Parameter chunk: Of the same answer, in the order of their arrival.
    public mutating func append(_ chunk: GenerateContentResponse) {
        only = isEmpty ? chunk : nil
        isEmpty = false
        serviceTier = chunk.serviceTier ?? serviceTier
        if isOfNextRequest(chunk) {
            beginRequest()
        }
        for member in chunk.json where member.value != .null && !Self.merged.contains(member.name) {
            members[member.name] = member.value
        }
        for candidate in chunk.candidates {
            candidates[candidate.index, default: MergedCandidate()].append(candidate)
        }
        if let later = chunk.usageMetadata {
            usage = usage?.merging(later) ?? later
        }
    }

    private static let merged: Set<String> = ["candidates", "usageMetadata"]

    /// Whether a chunk comes from the request that goes on with an unfinished answer.
    private func isOfNextRequest(_ chunk: GenerateContentResponse) -> Bool {
        guard candidates[0]?.isContinued == true else { return false }
        // Counts may follow the finish reason in a chunk of their own.
        guard let known = members[text: "responseId"], let id = chunk.responseID else {
            return !chunk.candidates.isEmpty
        }
        return id != known
    }

    private mutating func beginRequest() {
        earlierUsage = earlierUsage.map { $0.adding(usage) } ?? usage
        usage = nil
        candidates[0]?.goOn()
    }
}

/// One candidate out of several chunks.
private struct MergedCandidate: Sendable {
    private var members: JSONObject = [:]
    /// The members of `content` besides its parts.
    private var content: JSONObject?
    private var parts = MergedParts()

    /// Whether another request has to bring the rest.
    var isContinued: Bool {
        members[word: "finishReason"] == FinishReason.continuation && members[text: "continuationToken"] != nil
    }

    var json: JSONObject {
        var json = members
        if var content {
            content["parts"] = .array(parts.all.map { .object($0.json) })
            json["content"] = .object(content)
        }
        return json
    }

    mutating func append(_ candidate: Candidate) {
        for member in candidate.json where member.name != "content" && Self.says(member.value) {
            members[member.name] = member.value
        }
        guard let more = candidate.json["content"]?.object else { return }
        for member in more where member.name != "parts" && Self.says(member.value) {
            content = content ?? [:]
            content?[member.name] = member.value
        }
        for part in candidate.content?.parts ?? [] {
            content = content ?? [:]
            parts.append(part)
        }
    }

    /// Forgets that the answer was unfinished.
    mutating func goOn() {
        members["finishReason"] = nil
        members["continuationToken"] = nil
    }

    /// Some front ends write every member, as `null` or an empty text where there is nothing to say.
    private static func says(_ value: JSONValue) -> Bool {
        value != .null && value != ""
    }
}
