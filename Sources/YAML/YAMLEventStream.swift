internal import CYAML

/// One event of libyaml.
struct YAMLEvent {
    enum Kind {
        case streamStart, documentStart, documentEnd, streamEnd
        case scalar(YAMLScalar)
        case alias(String)
        case sequenceStart, mappingStart
        case collectionEnd
    }

    var kind: Kind
    var mark: YAMLMark
    var anchor: String?
    var tag: String?
}

/// Owns a libyaml parser that pulls its text from a closure.
struct YAMLEventStream: ~Copyable {
    /// A pointer, because libyaml keeps the parser's address.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let feed: YAMLFeed
    /// Where the event that was read last begins and ends in the text, in Unicode scalars.
    private(set) var range = 0..<0

    init(_ feed: YAMLFeed) throws(YAMLError) {
        self.feed = feed
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAMLError("not enough memory to begin", at: YAMLMark(line: 1, column: 1))
        }
        // The feed takes the byte order mark away, and UTF-16 is then refused as bad UTF-8.
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input(
            parser,
            { context, buffer, size, count in
                guard let context, let buffer, let count else { return 0 }
                let feed = Unmanaged<YAMLFeed>.fromOpaque(context).takeUnretainedValue()
                count.pointee = feed.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
                return feed.failure == nil ? 1 : 0
            },
            Unmanaged.passUnretained(feed).toOpaque()
        )
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// Reads the next event.
    ///
    /// - Parameter needsText: Whether the text of a scalar is wanted even if no alias can ask for it.
    /// - Returns: The event.
    /// - Throws: A ``YAMLError`` if the text cannot be read, or is not YAML.
    mutating func next(needsText: Bool = true) throws(YAMLError) -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw error() }
        defer { yaml_event_delete(&event) }
        range = event.start_mark.index..<max(event.start_mark.index, event.end_mark.index)
        return YAMLEvent(event, needsText: needsText)
    }

    private func error() -> YAMLError {
        let state = parser.pointee
        if let failure = feed.failure {
            return YAMLError(failure, at: feed.place(ofByte: .max))
        }
        let problem = state.problem.map { String(cString: $0) } ?? "not enough memory"
        if state.error == YAML_READER_ERROR {
            return YAMLError(Self.explain(reader: problem), at: feed.place(ofByte: state.problem_offset))
        }
        let context = state.context.map { String(cString: $0) }
        return YAMLError(
            Self.explain(problem),
            at: YAMLMark(state.problem_mark),
            context: context,
            contextMark: context.map { _ in YAMLMark(state.context_mark) }
        )
    }

    private static func explain(reader problem: String) -> String {
        problem.contains("control characters")
            ? "control characters cannot stand here; write them as escapes in double quotes"
            : "the text is not UTF-8 (\(problem))"
    }

    /// Says more where libyaml's words leave people alone.
    private static func explain(_ problem: String) -> String {
        switch problem {
        case "found character that cannot start any token":
            "a tab, '@' or '`' cannot begin a value; indent with blanks, and quote text that begins so"
        case "mapping values are not allowed in this context":
            "a ':' is not allowed here; quote text that holds ': '"
        case "block sequence entries are not allowed in this context":
            "a '-' is not allowed here; begin a list on a line of its own, and quote a lone '-'"
        default:
            problem
        }
    }
}

extension YAMLMark {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}

extension YAMLEvent {
    fileprivate init(_ event: borrowing yaml_event_t, needsText: Bool) {
        let data = event.data
        let (kind, anchor, tag): (Kind, UnsafeMutablePointer<yaml_char_t>?, UnsafeMutablePointer<yaml_char_t>?) =
            switch event.type {
            case YAML_SCALAR_EVENT:
                (
                    .scalar(YAMLScalar(event, withText: needsText || data.scalar.anchor != nil)),
                    data.scalar.anchor, data.scalar.tag
                )
            case YAML_ALIAS_EVENT: (.alias(text(data.alias.anchor) ?? ""), nil, nil)
            case YAML_SEQUENCE_START_EVENT: (.sequenceStart, data.sequence_start.anchor, data.sequence_start.tag)
            case YAML_MAPPING_START_EVENT: (.mappingStart, data.mapping_start.anchor, data.mapping_start.tag)
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: (.collectionEnd, nil, nil)
            case YAML_STREAM_START_EVENT: (.streamStart, nil, nil)
            case YAML_DOCUMENT_START_EVENT: (.documentStart, nil, nil)
            case YAML_DOCUMENT_END_EVENT: (.documentEnd, nil, nil)
            default: (.streamEnd, nil, nil)
            }
        self.init(kind: kind, mark: YAMLMark(event.start_mark), anchor: text(anchor), tag: text(tag))
    }
}

extension YAMLScalar {
    fileprivate init(_ event: borrowing yaml_event_t, withText: Bool) {
        let scalar = event.data.scalar
        let bytes = UnsafeBufferPointer(start: scalar.value, count: withText && scalar.value != nil ? scalar.length : 0)
        let style: Style =
            switch scalar.style {
            case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
            case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
            case YAML_LITERAL_SCALAR_STYLE: .literal
            case YAML_FOLDED_SCALAR_STYLE: .folded
            default: scalar.plain_implicit == 1 ? .plain : .doubleQuoted
            }
        self.init(
            text: String(decoding: bytes, as: UTF8.self),
            style: style,
            mark: YAMLMark(event.start_mark),
            end: YAMLMark(event.end_mark)
        )
    }
}

private func text(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    bytes.map { String(cString: $0) }
}
