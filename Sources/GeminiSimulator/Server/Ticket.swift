/// What ties a response in progress to the records of its request.
struct Ticket: Sendable {
    /// The number of the request, from 1 in the order of arrival.
    let number: Int
    /// The hash of the whole request; 0 for what is no generation.
    let item: UInt64
    /// Which request for the item this is, from 1.
    let attempt: Int
    /// Where the item is counted; `nil` for what is no generation.
    let place: Ledger.Place?
    /// The request in a few words, for the log.
    let label: String
}
