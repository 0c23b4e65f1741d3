package import JSON

/// The checkpoint's number of an item; it stays when the job is edited, so it says nothing about the job's order.
package struct ItemID: Sendable, Hashable, Comparable {
    package let value: Int64

    package init(_ value: Int64) {
        self.value = value
    }

    package static func < (left: ItemID, right: ItemID) -> Bool {
        left.value < right.value
    }
}

/// The states of an item.
///
/// `deferred` cannot run now and not by its own fault (quota, budget); the next run takes it up.
package enum ItemState: String, Sendable, CaseIterable {
    case pending, running, done, failed, deferred
}

/// All that one item sends to the model, templates rendered.
package struct ItemRequest: Sendable, Equatable {
    package var model: String
    package var systemInstruction: String?
    /// Generation settings under the snake_case names of the job file, the item's laid over the job's.
    package var config: JSONObject
    /// What the user says, in order; a plain prompt is one turn, a chat has several.
    ///
    /// Never empty.
    package var turns: [Turn]

    package init(model: String, systemInstruction: String? = nil, config: JSONObject = [:], turns: [Turn]) {
        self.model = model
        self.systemInstruction = systemInstruction
        self.config = config
        self.turns = turns
    }

    /// The text, if it is all that is said: one turn without media.
    package var plainText: String? {
        turns.count == 1 && turns[0].media.isEmpty ? turns[0].text : nil
    }

    /// One message of the user.
    ///
    /// Media stand before the text.
    package struct Turn: Sendable, Equatable {
        package var text: String
        package var media: [MediaReference]

        package init(text: String, media: [MediaReference] = []) {
            self.text = text
            self.media = media
        }
    }
}

/// An image or other medium of a prompt: where it is, not its bytes.
package struct MediaReference: Sendable, Equatable {
    package enum Location: Sendable, Equatable {
        /// `gs://`, `https://` or a Files API URI; the server fetches it.
        case uri(String)
        /// A local file, absolute path with links resolved, and the SHA-256 of its bytes in hexadecimal.
        /// It is read and encoded only while its request is in flight.
        case file(path: String, sha256: String)
    }

    package var location: Location
    /// For example `image/jpeg`.
    package var mimeType: String
    /// In bytes, for estimates alone: no part of what is asked; `nil` if it is elsewhere.
    package var size: Int?

    package init(_ location: Location, mimeType: String, size: Int? = nil) {
        self.location = location
        self.mimeType = mimeType
        self.size = size
    }
}

/// One item as its source describes it, before the checkpoint knows it.
package struct SourceItem: Sendable, Equatable {
    package enum Key: Sendable, Equatable {
        /// Given by `id`; two items of one job with the same are a mistake.
        case explicit(String)
        /// From the content; equal items get an occurrence number, so that intended duplicates stay.
        case content(String)
    }

    package var key: Key
    /// `file:line` or `file:line:column` for messages.
    package var origin: String
    /// What the templates saw: columns, fields, matrix values.
    ///
    /// Echoed by exports.
    package var input: JSONObject
    package var request: ItemRequest
    /// What is wanted of its answers, over what the job says; no part of what the item is.
    package var checks: AnswerChecks

    package init(
        key: Key,
        origin: String,
        input: JSONObject = [:],
        request: ItemRequest,
        checks: AnswerChecks = AnswerChecks()
    ) {
        self.key = key
        self.origin = origin
        self.input = input
        self.request = request
        self.checks = checks
    }
}

/// An item that the checkpoint hands out to be run.
package struct PendingItem: Sendable, Equatable {
    package var id: ItemID
    package var key: String
    package var request: ItemRequest
    /// What is wanted of its answers, over what the job says.
    package var checks: AnswerChecks
    /// Attempts made for it so far, in all runs.
    package var attempts: Int
    /// The parts that the model answered to the first turns, as JSON arrays; a chat continues after them.
    package var answeredTurns: [String]

    package init(
        id: ItemID,
        key: String,
        request: ItemRequest,
        checks: AnswerChecks = AnswerChecks(),
        attempts: Int = 0,
        answeredTurns: [String] = []
    ) {
        self.id = id
        self.key = key
        self.request = request
        self.checks = checks
        self.attempts = attempts
        self.answeredTurns = answeredTurns
    }
}
