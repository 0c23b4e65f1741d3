/// Prices that were looked up, which costs more than to work out what a request cost: a run asks for the same few over and
/// over.
struct KnownPrices: Sendable {
    /// A server that makes up names of models is not to fill the memory.
    private static let most = 1000

    private let table: PriceTable
    private var prices: [String: ModelPrice?] = [:]
    /// The moments for which they hold, in Unix milliseconds.
    private var period: Range<Int64> = 0..<0

    init(_ table: PriceTable) {
        self.table = table
    }

    /// The price of a model, under any of its names, at a moment; `nil` if it is unknown.
    mutating func price(of model: String, at unixMilliseconds: Int64) -> ModelPrice? {
        if !period.contains(unixMilliseconds) || prices.count >= Self.most {
            period = table.period(around: unixMilliseconds)
            prices = [:]
        }
        if let known = prices[model] { return known }
        let price = table.price(of: PricedModelName(model), at: unixMilliseconds)
        prices.updateValue(price, forKey: model)
        return price
    }
}
