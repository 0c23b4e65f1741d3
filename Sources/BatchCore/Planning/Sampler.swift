/// Keeps a few of many elements, spread evenly over all of them, however many come.
package struct Sampler<Element: Sendable & Equatable>: Sendable, Equatable {
    private let size: Int
    /// Every how many-th element is kept.
    private var stride = 1
    private var count = 0
    private var kept: [Element] = []

    /// - Parameter size: How many at most, at least 1.
    package init(size: Int) {
        self.size = size
    }

    package mutating func add(_ element: Element) {
        defer { count += 1 }
        guard count.isMultiple(of: stride) else { return }
        if kept.count == 2 * size {
            kept = Self.everyOther(kept)
            stride *= 2
            guard count.isMultiple(of: stride) else { return }
        }
        kept.append(element)
    }

    package var samples: [Element] {
        guard kept.count > size else { return kept }
        return (0..<size).map { kept[$0 * kept.count / size] }
    }

    private static func everyOther(_ elements: [Element]) -> [Element] {
        elements.indices.filter { $0.isMultiple(of: 2) }.map { elements[$0] }
    }
}
