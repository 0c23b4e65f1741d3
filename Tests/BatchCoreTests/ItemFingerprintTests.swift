import BatchCore
import JSON
import Testing

@Suite("ItemFingerprint")
struct ItemFingerprintTests {
    private let request = ItemRequest(
        model: "gemini-2.5-flash",
        systemInstruction: "You are a precise editor.",
        config: [
            "temperature": 0.2, "max_output_tokens": 500, "thinking_config": ["thinking_budget": 0, "a": [1, nil]],
        ],
        turns: [
            ItemRequest.Turn(
                text: "What is \"this\"?\n\u{2028}Ünïcödé 🙂",
                media: [
                    MediaReference(.uri("gs://bucket/scones.jpg"), mimeType: "image/jpeg"),
                    MediaReference(.file(path: "/pictures/a.png", sha256: "00ff"), mimeType: "image/png"),
                ]
            ),
            ItemRequest.Turn(text: "Summarize it."),
        ]
    )

    private func changed(_ change: (inout ItemRequest) -> Void) -> ItemRequest {
        var changed = request
        change(&changed)
        return changed
    }

    // MARK: Golden values: a checkpoint from an older version must still know its items.

    @Test("the canonical form does not change from version to version")
    func canonicalForm() {
        #expect(
            String(decoding: ItemFingerprint.canonicalJSON(of: request), as: UTF8.self) == #"""
                {"config":{"max_output_tokens":500,"temperature":0.2,"thinking_config":{"a":[1,null],"thinking_budget":0}},\#
                "model":"gemini-2.5-flash","system_instruction":"You are a precise editor.","turns":[{"media":[\#
                {"mime_type":"image/jpeg","uri":"gs://bucket/scones.jpg"},{"mime_type":"image/png","sha256":"00ff"}],\#
                "text":"What is \"this\"?\n\u2028Ünïcödé 🙂"},{"text":"Summarize it."}]}
                """#
        )
    }

    @Test("fingerprints and content keys do not change from version to version")
    func goldenValues() {
        let plain = ItemRequest(model: "gemini-2.5-flash", turns: [ItemRequest.Turn(text: "Hello")])
        #expect(
            ItemFingerprint.hexadecimal(ItemFingerprint(of: plain).bytes)
                == "2903da2b68c1211ec4c0a1692c913827f0087402f80829e3f80910afcc09a45f"
        )
        #expect(
            ItemFingerprint.hexadecimal(ItemFingerprint(of: request).bytes)
                == "4f718006561becd89adc7752bf7b64aa81dc5f6211f8fae3f31771d7f288b33b"
        )
        #expect(ItemFingerprint.contentKey(of: plain) == "c7e42a6665f5")
        #expect(ItemFingerprint.contentKey(of: request) == "8a6430beb302")
    }

    // MARK: What counts

    @Test("equal requests have equal fingerprints of 32 bytes")
    func stable() {
        #expect(ItemFingerprint(of: request) == ItemFingerprint(of: request))
        #expect(ItemFingerprint(of: request).bytes.count == 32)
        #expect(ItemFingerprint(bytes: ItemFingerprint(of: request).bytes) == ItemFingerprint(of: request))
    }

    @Test("the order of settings does not count, at any depth")
    func keyOrder() {
        let reordered = changed {
            $0.config = [
                "thinking_config": ["a": [1, nil], "thinking_budget": 0], "max_output_tokens": 500, "temperature": 0.2,
            ]
        }
        #expect(ItemFingerprint(of: reordered) == ItemFingerprint(of: request))
    }

    @Test("a local file counts by its bytes and not by its name")
    func renamedFile() {
        let renamed = changed {
            $0.turns[0].media[1].location = .file(path: "/elsewhere/b.png", sha256: "00ff")
        }
        #expect(ItemFingerprint(of: renamed) == ItemFingerprint(of: request))
        #expect(ItemFingerprint.contentKey(of: renamed) == ItemFingerprint.contentKey(of: request))
    }

    @Test("everything that affects the answer counts")
    func changes() {
        let variants = [
            request,
            changed { $0.turns[0].media[1].location = .file(path: "/pictures/a.png", sha256: "00fe") },
            changed { $0.turns[0].media[0].location = .uri("gs://bucket/other.jpg") },
            changed {
                $0.turns[0].media[0].location = .file(path: "gs://bucket/scones.jpg", sha256: "gs://bucket/scones.jpg")
            },
            changed { $0.turns[0].media[0].mimeType = "image/webp" },
            changed { $0.turns[0].media.swapAt(0, 1) },
            changed { $0.turns[0].media.removeLast() },
            changed { $0.turns[1].text += " " },
            changed { $0.turns.swapAt(0, 1) },
            changed { $0.turns.removeLast() },
            changed { $0.turns[0].text += $0.turns.removeLast().text },
            changed { $0.model = "gemini-2.5-pro" },
            changed { $0.systemInstruction = nil },
            changed { $0.systemInstruction = "" },
            changed { $0.config["temperature"] = 0.3 },
            changed { $0.config["temperature"] = "0.2" },
            changed { $0.config["temperature"] = nil },
            changed { $0.config["thinking_config"] = ["a": [nil, 1], "thinking_budget": 0] },
        ]
        #expect(Set(variants.map { ItemFingerprint(of: $0) }).count == variants.count)
    }

    @Test("the content key follows what is asked, not who is asked nor how")
    func contentKey() {
        let others = [
            changed { $0.model = "gemini-2.5-pro" },
            changed { $0.config = [:] },
            changed { $0.systemInstruction = "Be brief." },
        ]
        for other in others {
            #expect(ItemFingerprint.contentKey(of: other) == ItemFingerprint.contentKey(of: request))
        }
        let edited = changed { $0.turns[1].text = "Summarise it." }
        #expect(ItemFingerprint.contentKey(of: edited) != ItemFingerprint.contentKey(of: request))
    }

    @Test("bytes are written as two lower-case digits each")
    func hexadecimal() {
        #expect(ItemFingerprint.hexadecimal([0x00, 0x0A, 0xF0, 0xFF]) == "000af0ff")
        #expect(ItemFingerprint.hexadecimal([]).isEmpty)
    }
}
