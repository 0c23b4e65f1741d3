/// Walks over one YAML document without building a tree of it: callers step through the big collections and read the
/// small ones as nodes.
///
/// Hostile documents are refused by three limits: depth, uses of aliases, and nodes that aliases expand to. What does not
/// end the reading, such as a key given twice, is gathered in ``problems``.
package struct YAMLParser: ~Copyable {
    package enum Limit {
        /// Collections inside one another, aliases expanded; walkers may recurse this deep.
        package static let depth = 64
        package static let anchors = 10_000
        package static let aliases = 10_000
        /// Nodes that all aliases of a document stand for; plain documents may have any number.
        package static let aliasedNodes = 1_000_000
        package static let problems = 100
    }

    /// Mistakes that did not end the reading, in the order of the text.
    package private(set) var problems: [YAMLError] = []

    private var events: YAMLEventStream
    private var peeked: YAMLEvent?
    private var anchors: [String: YAMLNode] = [:]
    private var aliases = 0
    private var aliasedNodes = 0
    private var keysOfOpenMappings: [KeySet] = []
    private var depth = 0
    private var hasBegun = false

    /// Reads a text that is at hand.
    ///
    /// - Parameter bytes: UTF-8, with or without a byte order mark.
    /// - Throws: A ``YAMLError`` if there is not enough memory.
    package init(_ bytes: [UInt8]) throws(YAMLError) {
        var rest = bytes[...]
        try self.init { buffer in
            let piece = rest.prefix(buffer.count)
            buffer.copyBytes(from: piece)
            rest.removeFirst(piece.count)
            return piece.count
        }
    }

    /// Reads a text as it is needed.
    ///
    /// - Parameter read: Fills a buffer and returns the number of bytes; 0 at the end.
    /// - Throws: A ``YAMLError`` if there is not enough memory.
    package init(read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) throws(YAMLError) {
        events = try YAMLEventStream(YAMLFeed(read))
    }

    // MARK: Walking

    /// The kind of the next value and its place; `nil` at the end of a collection or of an empty document.
    package mutating func peek() throws(YAMLError) -> (kind: YAMLNode.Kind, mark: YAMLMark)? {
        let event = try peekEvent()
        switch event.kind {
        case .scalar: return (.scalar, event.mark)
        case .sequenceStart: return (.sequence, event.mark)
        case .mappingStart: return (.mapping, event.mark)
        case .alias(let name): return (try target(of: name, at: event.mark).kind, event.mark)
        default: return nil
        }
    }

    /// Steps into the next value, which ``peek()`` said is a sequence or a mapping.
    ///
    /// - Throws: A ``YAMLError`` if an alias stands here: what is walked over is not kept, so it has no second reading.
    package mutating func enter() throws(YAMLError) {
        let event = try nextEvent()
        switch event.kind {
        case .mappingStart, .sequenceStart: break
        default: throw YAMLError("an alias cannot stand here; write the values out", at: event.mark)
        }
        try check(depth: depth + 1, at: event.mark)
        depth += 1
        keysOfOpenMappings.append(KeySet())
    }

    /// Steps to the next key of the mapping entered last; `nil` at its end.
    package mutating func nextKey() throws(YAMLError) -> YAMLScalar? {
        while true {
            let event = try nextEvent()
            if case .collectionEnd = event.kind {
                leave()
                return nil
            }
            let key = try key(from: event)
            guard let clash = keysOfOpenMappings[keysOfOpenMappings.count - 1].insert(key) else { return key }
            note(clash)
            try skipValue()
        }
    }

    /// Steps to the next element of the sequence entered last; `false` at its end.
    package mutating func nextElement() throws(YAMLError) -> Bool {
        if peeked == nil {
            peeked = try readEvent()
        }
        guard case .collectionEnd = peeked?.kind else { return true }
        _ = try nextEvent()
        leave()
        return false
    }

    /// Checks that nothing follows the document.
    package mutating func finish() throws(YAMLError) {
        while true {
            let event = try nextEvent()
            switch event.kind {
            case .streamEnd: return
            case .documentStart:
                throw YAMLError("a second document begins here; a file holds one", at: event.mark)
            default: break
            }
        }
    }

    // MARK: Nodes

    /// Reads the next value as a tree.
    package mutating func readNode() throws(YAMLError) -> YAMLNode {
        try node(from: try nextEvent())
    }

    /// Where the next value begins in the text, in Unicode scalars behind a byte order mark.
    package mutating func nextValueStart() throws(YAMLError) -> Int {
        if peeked == nil {
            peeked = try readEvent(needsText: false)
        }
        return events.range.lowerBound
    }

    /// Steps over the next value; what has an anchor inside it is kept for later aliases.
    ///
    /// - Returns: Where it stands in the text, in Unicode scalars behind a byte order mark. What is indented under its key
    ///   ends where the next thing begins, blanks and comments before that included.
    /// - Throws: A ``YAMLError``.
    @discardableResult
    package mutating func skipValue() throws(YAMLError) -> Range<Int> {
        let start = try nextValueStart()
        var open = 0
        repeat {
            let event = try nextEvent(needsText: false)
            switch event.kind {
            case .collectionEnd: open -= 1
            case _ where event.anchor != nil: _ = try node(from: event)
            case .sequenceStart, .mappingStart:
                open += 1
                try check(depth: depth + open, at: event.mark)
            default: break
            }
        } while open > 0
        return start..<max(start, events.range.upperBound)
    }

    private mutating func node(from event: YAMLEvent) throws(YAMLError) -> YAMLNode {
        if let tag = event.tag, !Self.knownTags.contains(tag) {
            note(YAMLError("the tag '\(tag)' is not supported; leave it out", at: event.mark))
        }
        let node: YAMLNode
        switch event.kind {
        case .scalar(let scalar): node = YAMLNode(scalar)
        case .sequenceStart: node = try sequence(at: event.mark)
        case .mappingStart: node = try mapping(at: event.mark)
        case .alias(let name): return try expand(name, at: event.mark)
        default: throw YAMLError("expected a value", at: event.mark)
        }
        if let anchor = event.anchor {
            guard anchors.count < Limit.anchors || anchors[anchor] != nil else {
                throw YAMLError("more than \(Limit.anchors) anchors", at: event.mark)
            }
            anchors[anchor] = node
        }
        return node
    }

    private mutating func sequence(at mark: YAMLMark) throws(YAMLError) -> YAMLNode {
        try check(depth: depth + 1, at: mark)
        depth += 1
        defer { depth -= 1 }
        var elements: [YAMLNode] = []
        while true {
            let event = try nextEvent()
            if case .collectionEnd = event.kind { break }
            elements.append(try node(from: event))
        }
        return YAMLNode(sequence: elements, at: mark)
    }

    private mutating func mapping(at mark: YAMLMark) throws(YAMLError) -> YAMLNode {
        try check(depth: depth + 1, at: mark)
        depth += 1
        defer { depth -= 1 }
        var keys = KeySet()
        var pairs: [YAMLPair] = []
        pairs.reserveCapacity(4)
        while true {
            let event = try nextEvent()
            if case .collectionEnd = event.kind { break }
            let key = try key(from: event)
            let value = try readNode()
            if let clash = keys.insert(key) {
                note(clash)
            } else {
                pairs.append(YAMLPair(key: key, value: value))
            }
        }
        return YAMLNode(mapping: pairs, at: mark)
    }

    private mutating func key(from event: YAMLEvent) throws(YAMLError) -> YAMLScalar {
        guard case .scalar(let key) = event.kind else {
            throw YAMLError("a key must be plain text", at: event.mark)
        }
        return key
    }

    // MARK: Aliases and limits

    private func target(of name: String, at mark: YAMLMark) throws(YAMLError) -> YAMLNode {
        guard let node = anchors[name] else {
            throw YAMLError("the alias '*\(name)' has no anchor '&\(name)' before it", at: mark)
        }
        return node
    }

    private mutating func expand(_ name: String, at mark: YAMLMark) throws(YAMLError) -> YAMLNode {
        let node = try target(of: name, at: mark)
        aliases += 1
        guard aliases <= Limit.aliases else {
            throw YAMLError("aliases are used more than \(Limit.aliases) times", at: mark)
        }
        aliasedNodes += node.weight
        guard aliasedNodes <= Limit.aliasedNodes else {
            throw YAMLError("aliases expand to more than \(Limit.aliasedNodes) values", at: mark)
        }
        try check(depth: depth + node.height, at: mark)
        return node
    }

    private func check(depth: Int, at mark: YAMLMark) throws(YAMLError) {
        guard depth <= Limit.depth else {
            throw YAMLError("nested more than \(Limit.depth) levels deep", at: mark)
        }
    }

    private mutating func note(_ problem: YAMLError) {
        if problems.count < Limit.problems {
            problems.append(problem)
        }
    }

    // MARK: Events

    private mutating func leave() {
        keysOfOpenMappings.removeLast()
        depth -= 1
    }

    private mutating func peekEvent() throws(YAMLError) -> YAMLEvent {
        if let peeked { return peeked }
        let event = try readEvent()
        peeked = event
        return event
    }

    private mutating func nextEvent(needsText: Bool = true) throws(YAMLError) -> YAMLEvent {
        if let event = peeked.take() { return event }
        return try readEvent(needsText: needsText)
    }

    private mutating func readEvent(needsText: Bool = true) throws(YAMLError) -> YAMLEvent {
        if !hasBegun {
            hasBegun = true
            // That of the stream, then that of the document, unless there is none.
            _ = try events.next()
            let start = try events.next()
            guard case .documentStart = start.kind else { return start }
        }
        return try events.next(needsText: needsText)
    }

    private static let knownTags: Set<String> = [
        "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
        "tag:yaml.org,2002:null", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map",
    ]
}

/// The keys of one mapping and where each stands; most mappings are small, so a list comes before the dictionary.
private struct KeySet {
    private var few: [YAMLScalar] = []
    private var many: [String: YAMLMark] = [:]

    /// Adds a key, or says why its value has to be left out.
    mutating func insert(_ key: YAMLScalar) -> YAMLError? {
        if key.isPlain, key.text == "<<" {
            return YAMLError("merge keys ('<<') are not supported; write the keys out", at: key.mark)
        }
        guard let first = place(of: key) else { return nil }
        return YAMLError(
            "the key \"\(key.text)\" is given twice",
            at: key.mark,
            contextMark: first
        )
    }

    /// Where a key was given before; adds it if nowhere.
    private mutating func place(of key: YAMLScalar) -> YAMLMark? {
        if many.isEmpty, few.count < 8 {
            if let first = few.first(where: { $0.text == key.text }) { return first.mark }
            few.append(key)
            return nil
        }
        if many.isEmpty {
            many = Dictionary(few.map { ($0.text, $0.mark) }, uniquingKeysWith: { first, _ in first })
        }
        if let first = many[key.text] { return first }
        many[key.text] = key.mark
        return nil
    }
}
