public import JSON

/// Who speaks an answer in audio: one voice, or one for each speaker of a dialogue.
public struct SpeechConfig: JSONBacked {
    private static let voice = ["voiceConfig", "prebuiltVoiceConfig", "voiceName"]
    private static let dialogue = ["multiSpeakerVoiceConfig", "speakerVoiceConfigs"]

    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// One voice.
    ///
    /// - Parameters:
    ///   - voiceName: A voice of Google's list, for example `Kore`.
    ///   - languageCode: For example `en-GB`.
    public init(voiceName: String, languageCode: String? = nil) {
        json = [:]
        self.voiceName = voiceName
        self.languageCode = languageCode
    }

    /// A voice for each speaker that the prompt names.
    public init(speakers: [SpeakerVoice], languageCode: String? = nil) {
        json = [:]
        self.speakers = speakers
        self.languageCode = languageCode
    }

    /// The only voice.
    public var voiceName: String? {
        get { json[Self.voice]?.string }
        set { json[Self.voice] = newValue.map(JSONValue.string) }
    }

    /// The voices of a dialogue.
    public var speakers: [SpeakerVoice]? {
        get { json[Self.dialogue]?.array?.compactMap(\.object).map(SpeakerVoice.init(json:)) }
        set { json[Self.dialogue] = newValue.map { .array($0.map { .object($0.json) }) } }
    }

    /// The language, for example `en-GB`.
    public var languageCode: String? {
        get { json[text: "languageCode"] }
        set { json[text: "languageCode"] = newValue }
    }
}

/// The voice of one speaker of a dialogue.
public struct SpeakerVoice: JSONBacked {
    public var json: JSONObject

    public init(json: JSONObject) {
        self.json = json
    }

    /// - Parameters:
    ///   - speaker: The name that the prompt uses.
    ///   - voiceName: A voice of Google's list, for example `Puck`.
    public init(speaker: String, voiceName: String) {
        json = ["speaker": .string(speaker)]
        json[["voiceConfig", "prebuiltVoiceConfig", "voiceName"]] = .string(voiceName)
    }

    /// The name of the speaker, as the prompt has it.
    public var speaker: String? { json[text: "speaker"] }
    /// The voice, for example `Kore`.
    public var voiceName: String? { json[["voiceConfig", "prebuiltVoiceConfig", "voiceName"]]?.string }
}
