internal import BatchCore
internal import JSON

/// Data that came inside an answer.
struct AnswerMedium {
    let mimeType: String
    /// In base64.
    let data: String

    /// How many bytes the data is.
    var count: Int { (data.utf8.count - data.utf8.reversed().prefix { $0 == UInt8(ascii: "=") }.count) * 3 / 4 }

    /// All of an answer, in order.
    static func all(in answer: Answer) -> [AnswerMedium] {
        guard let parts = answer.structuredParts, let values = (try? JSONValue(parsing: parts))?.array else {
            return []
        }
        return values.compactMap { part in
            guard part["thought"]?.bool != true, let inline = part["inlineData"], let data = inline["data"]?.string
            else { return nil }
            return AnswerMedium(mimeType: inline["mimeType"]?.string ?? "application/octet-stream", data: data)
        }
    }
}

/// How many images a page still has room for.
struct ImageBudget {
    /// In characters of base64, for all images together.
    private var left = 16 << 20

    /// An address that holds the image itself.
    ///
    /// - Returns: `nil` if there is no room, or if it is none of the kinds that can be nothing but a picture.
    mutating func address(of medium: AnswerMedium) -> String? {
        let isPicture = ["image/png", "image/jpeg", "image/webp", "image/gif"].contains(medium.mimeType)
        guard isPicture, medium.data.utf8.count <= left, let bytes = Base64.decode(medium.data) else { return nil }
        left -= medium.data.utf8.count
        return "data:\(medium.mimeType);base64,\(String(decoding: Base64.encode(bytes), as: UTF8.self))"
    }
}
