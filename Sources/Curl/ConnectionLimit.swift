/// How many connections a host may get over TLS: few while they are shared, any number if each carries one transfer.
///
/// libcurl 7.88 at its limit of 100 streams opens a connection for every further transfer, unless it is given a bound.
/// The bound supposes HTTP/2, but which version a connection speaks shows only in its first response, and a model may
/// think for minutes before that. So it is concluded from what is sent: over HTTP/2 the transfers that wait follow the
/// first one at once. If they do not, one connection for each is allowed until a response tells better.
struct ConnectionLimit {
    /// How long transfers wait behind another one before its connection is taken for one that is not shared.
    static let patience = Duration.milliseconds(100)

    private enum Sharing {
        case unknown, assumedNone, none, proven
    }

    private let shared: Int
    private var sharing = Sharing.unknown

    /// - Parameter concurrency: The transfers that will run at once.
    init(concurrency: Int) {
        shared = (concurrency + 99) / 100
    }

    /// The bound in force; 0 is none.
    var connections: Int {
        switch sharing {
        case .unknown, .proven: shared
        case .assumedNone, .none: 0
        }
    }

    /// Whether nothing is known yet about the server's connections.
    var isUnknown: Bool { sharing == .unknown }

    /// Notes the version that a response came with.
    mutating func noteResponse(isHTTP2: Bool) {
        sharing = isHTTP2 ? .proven : .none
    }

    /// Looks at the transfers to a server that has not answered yet.
    ///
    /// - Parameters:
    ///   - sent: Transfers whose request has left.
    ///   - waiting: Transfers that have waited for a connection as long as ``patience`` allows.
    mutating func consider(sent: Int, waiting: Int) {
        guard isUnknown, sent > 0 else { return }
        if sent > shared {
            sharing = .proven
        } else if waiting > 0 {
            sharing = .assumedNone
        }
    }
}
