import JSON

/// How busy the simulator is and was.
struct Statistics: Sendable {
    /// A number that goes up and down, with its highest value and the sum of all that went up.
    struct Gauge: Sendable {
        private(set) var open = 0
        private(set) var peak = 0
        private(set) var total = 0

        mutating func begin() {
            open += 1
            total += 1
            peak = max(peak, open)
        }

        mutating func end() {
            open -= 1
        }

        fileprivate func write(_ name: StaticString, into writer: inout JSONWriter) {
            writer.key(name)
            writer.object { writer in
                writer.member("open", open)
                writer.member("peak", peak)
                writer.member("total", total)
            }
        }
    }

    var connections = Gauge()
    /// Generations from their arrival to their end.
    var streams = Gauge()
    var countTokensRequests = 0
    var otherRequests = 0
    /// All requests but those to the control interface.
    var requests = 0

    /// All of it as one JSON document.
    ///
    /// - Parameter quota: The limit in force, and the requests that each model was allowed so far.
    /// - Returns: Its UTF-8.
    func document(quota: (limit: Int, allowed: Int)?) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            streams.write("streams", into: &writer)
            connections.write("connections", into: &writer)
            writer.member("countTokensRequests", countTokensRequests)
            writer.member("otherRequests", otherRequests)
            if let quota {
                writer.key("quota")
                writer.object { writer in
                    writer.member("limit", quota.limit)
                    writer.member("allowed", quota.allowed)
                }
            }
        }
        return writer.bytes
    }
}
