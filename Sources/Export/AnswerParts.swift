internal import BatchCore
internal import JSON

/// What the parts of an answer hold besides its text.
enum AnswerParts {
    /// Data that came inside an answer.
    struct Medium: Equatable {
        let mimeType: String
        /// In base64.
        let data: String

        /// How many bytes the data is.
        var count: Int { (data.utf8.count - data.utf8.reversed().prefix { $0 == UInt8(ascii: "=") }.count) * 3 / 4 }
    }

    /// Whether an answer has a part that its text does not tell: an image, a call, code … Thoughts and their signatures
    /// do not count.
    static func holdMoreThanText(_ answer: Answer?) -> Bool {
        guard let parts = answer?.structuredParts else { return false }
        let bytes = Array(parts.utf8)
        var reader = JSONReader(bytes.span)
        return (try? holdMoreThanText(&reader)) ?? false
    }

    private static func holdMoreThanText(_ reader: inout JSONReader) throws(JSONError) -> Bool {
        try reader.beginArray()
        while try reader.nextElement() {
            try reader.beginObject()
            while let name = try reader.nextKey() {
                let isText = ["text", "thought", "thoughtSignature"].contains { reader.isText($0, at: name) }
                guard isText else { return true }
                try reader.skipValue()
            }
        }
        return false
    }

    /// The data in an answer, in order.
    static func media(in answer: Answer) -> [Medium] {
        var media: [Medium] = []
        _ = replacingMedia(in: answer) { medium in
            media.append(medium)
            return nil
        }
        return media
    }

    /// An answer in which files take the place of data.
    ///
    /// - Parameters:
    ///   - answer: An answer.
    ///   - path: Puts data into a file and returns its path; `nil` leaves the data where it is.
    /// - Returns: The answer, as it was if it has no data.
    /// - Throws: What `path` throws.
    static func replacingMedia(in answer: Answer, _ path: (Medium) throws -> String?) rethrows -> Answer {
        guard holdMoreThanText(answer), let parts = (try? JSONValue(parsing: answer.parts))?.array else {
            return answer
        }
        var answer = answer
        answer.structuredParts = JSONValue.array(try parts.map { try replacingMedium(in: $0, path) }).text
        return answer
    }

    private static func replacingMedium(in part: JSONValue, _ path: (Medium) throws -> String?) rethrows -> JSONValue {
        guard var members = part.object, var inline = members["inlineData"]?.object, let data = inline["data"]?.string
        else { return part }
        let type = inline["mimeType"]?.string ?? "application/octet-stream"
        guard let path = try path(Medium(mimeType: type, data: data)) else { return part }
        inline["data"] = nil
        inline["path"] = .string(path)
        members["inlineData"] = .object(inline)
        return .object(members)
    }
}
