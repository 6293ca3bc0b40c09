package attest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// What cosign 1 and 2 write beside a signature
// (https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md).
const (
	noteSignature   = "dev.cosignproject.cosign/signature"
	noteCertificate = "dev.sigstore.cosign/certificate"
	noteLog         = "dev.sigstore.cosign/bundle"
	noteTimestamp   = "dev.sigstore.cosign/rfc3161timestamp"
)

// simpleSigning makes a bundle of a signature of cosign's: a payload that names the
// image, signed, with all else in annotations.
func simpleSigning(content []byte, notes map[string]string) Candidate {
	signature, err := base64.StdEncoding.DecodeString(notes[noteSignature])
	if err != nil || len(signature) == 0 {
		return Candidate{Problem: "no signature is beside what it signs"}
	}
	sum := sha256.Sum256(content)
	bundle, err := bundleOf(notes, "messageSignature", map[string]any{
		"messageDigest": map[string]any{"algorithm": "SHA2_256", "digest": sum[:]}, "signature": signature,
	})
	if err != nil {
		return Candidate{Problem: err.Error()}
	}
	return Candidate{Bundle: bundle, Payload: content}
}

// envelope makes a bundle of an attestation of cosign's: a DSSE envelope, with the
// certificate in annotations.
func envelope(content []byte, notes map[string]string) Candidate {
	if !json.Valid(content) {
		return Candidate{Problem: "the envelope is no JSON"}
	}
	bundle, err := bundleOf(notes, "dsseEnvelope", json.RawMessage(content))
	if err != nil {
		return Candidate{Problem: err.Error()}
	}
	return Candidate{Bundle: bundle}
}

// names fails unless the payload of a signature is about the image.
func names(payload []byte, digest ref.Digest) error {
	var p struct {
		Critical struct {
			Type  string `json:"type"`
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
		} `json:"critical"`
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return errors.New("what it signs is no JSON")
	}
	if p.Critical.Type != "cosign container image signature" || p.Critical.Image.Digest != string(digest) {
		return fmt.Errorf("it signs %q of type %q, not this image", p.Critical.Image.Digest, p.Critical.Type)
	}
	return nil
}

// logEntry is a promise of the transparency log, as annotations have it.
type logEntry struct {
	Promise []byte `json:"SignedEntryTimestamp"`
	Payload struct {
		Body  []byte `json:"body"`
		Time  int64  `json:"integratedTime"`
		Index int64  `json:"logIndex"`
		ID    string `json:"logID"`
	}
}

// bundleOf is a bundle of version 0.1, which asks for a promise of the log where it
// has an entry, in the form of protobuf's JSON.
func bundleOf(notes map[string]string, content string, signed any) ([]byte, error) {
	block, _ := pem.Decode([]byte(notes[noteCertificate]))
	if block == nil {
		return nil, errors.New("it is signed by a bare key, which says nothing about who signed")
	}
	material := map[string]any{"x509CertificateChain": map[string]any{"certificates": []any{map[string]any{"rawBytes": block.Bytes}}}}
	if notes[noteLog] != "" {
		entry, err := entryOf(notes[noteLog])
		if err != nil {
			return nil, err
		}
		material["tlogEntries"] = []any{entry}
	}
	if notes[noteTimestamp] != "" {
		var t struct{ SignedRFC3161Timestamp []byte }
		if err := json.Unmarshal([]byte(notes[noteTimestamp]), &t); err != nil {
			return nil, errors.New("its timestamp cannot be read")
		}
		material["timestampVerificationData"] = map[string]any{"rfc3161Timestamps": []any{map[string]any{"signedTimestamp": t.SignedRFC3161Timestamp}}}
	}
	return json.Marshal(map[string]any{
		"mediaType": typeBundle + "+json;version=0.1", "verificationMaterial": material, content: signed,
	})
}

func entryOf(note string) (map[string]any, error) {
	var e logEntry
	var kind struct{ Kind, APIVersion string }
	if json.Unmarshal([]byte(note), &e) != nil || json.Unmarshal(e.Payload.Body, &kind) != nil {
		return nil, errors.New("its entry in the transparency log cannot be read")
	}
	id, err := hex.DecodeString(e.Payload.ID)
	if err != nil {
		return nil, errors.New("its entry in the transparency log names no log")
	}
	return map[string]any{
		"logIndex": strconv.FormatInt(e.Payload.Index, 10), "logId": map[string]any{"keyId": id},
		"kindVersion":    map[string]any{"kind": kind.Kind, "version": kind.APIVersion},
		"integratedTime": strconv.FormatInt(e.Payload.Time, 10), "inclusionPromise": map[string]any{"signedEntryTimestamp": e.Promise},
		"canonicalizedBody": e.Payload.Body,
	}, nil
}
