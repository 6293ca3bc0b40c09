package attest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"

	"github.com/seed-96940006/tagboat/internal/ref"
)

const (
	provenance    = "https://slsa.dev/provenance/v1"
	actionsIssuer = "https://token.actions.githubusercontent.com"
	digest        = ref.Digest("sha256:1111111111111111111111111111111111111111111111111111111111111111")
	otherDigest   = ref.Digest("sha256:2222222222222222222222222222222222222222222222222222222222222222")
	commit        = "0123456789abcdef0123456789abcdef01234567"
)

// release is the workflow that attests in these tests.
var release = signer{
	name: "https://github.com/acme/web/.github/workflows/release.yml@refs/heads/main", issuer: actionsIssuer,
	repository: "https://github.com/acme/web", ref: "refs/heads/main", commit: commit,
}

func statement(of ref.Digest, predicate string) []byte {
	return fmt.Appendf(nil, `{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"ghcr.io/acme/web","digest":{"sha256":%q}}],"predicateType":%q,"predicate":{"buildDefinition":{}}}`,
		strings.TrimPrefix(string(of), "sha256:"), predicate)
}

func encode(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// envelope signs a statement (https://github.com/secure-systems-lab/dsse).
func envelope(t *testing.T, sign func([]byte) []byte, statement []byte) (json string, signature []byte) {
	t.Helper()
	const kind = "application/vnd.in-toto+json"
	signature = sign(fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(statement), statement))
	return fmt.Sprintf(`{"payload":%q,"payloadType":%q,"signatures":[{"sig":%q}]}`, encode(statement), kind, encode(signature)), signature
}

// attest is a bundle as actions/attest-build-provenance makes it.
func (a *authority) attest(by signer, of ref.Digest, predicate string) []byte {
	a.t.Helper()
	leaf, key := a.leaf(by)
	dsse, signature := envelope(a.t, func(m []byte) []byte { return sign(a.t, key, m) }, statement(of, predicate))
	stamp, err := a.TimestampResponse(signature)
	if err != nil {
		a.t.Fatal(err)
	}
	var b bundle.Bundle
	if err := b.UnmarshalJSON(fmt.Appendf(nil, `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{"rawBytes":%q},
		"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":%q}]}},"dsseEnvelope":%s}`, encode(leaf.Raw), encode(stamp), dsse)); err != nil {
		a.t.Fatal(err)
	}
	if a.organization != gitHub {
		signed, err := b.Envelope()
		if err != nil {
			a.t.Fatal(err)
		}
		entry, err := a.GenerateTlogEntry(leaf, signed.Envelope, signature, time.Now().Unix(), true)
		if err != nil {
			a.t.Fatal(err)
		}
		b.VerificationMaterial.TlogEntries = append(b.VerificationMaterial.TlogEntries, entry.TransparencyLogEntry())
	}
	return a.complete(&b)
}

// complete is a bundle's JSON, always in one form, with the kinds of its entries in
// the log, which VirtualSigstore leaves out.
func (a *authority) complete(b *bundle.Bundle) []byte {
	a.t.Helper()
	data, err := b.MarshalJSON()
	if err != nil {
		a.t.Fatal(err)
	}
	var whole struct {
		MediaType    string          `json:"mediaType"`
		Material     map[string]any  `json:"verificationMaterial"`
		DSSEEnvelope json.RawMessage `json:"dsseEnvelope"`
	}
	if err := json.Unmarshal(data, &whole); err != nil {
		a.t.Fatal(err)
	}
	entries, _ := whole.Material["tlogEntries"].([]any)
	for _, entry := range entries {
		entry.(map[string]any)["kindVersion"] = map[string]any{"kind": "dsse", "version": "0.0.1"}
	}
	if data, err = json.Marshal(whole); err != nil {
		a.t.Fatal(err)
	}
	return data
}

// simpleSigning is a signature of cosign 2: what is signed, and what stands beside.
func (a *authority) simpleSigning(by signer, of ref.Digest, kind string) (payload []byte, notes map[string]string) {
	a.t.Helper()
	leaf, key := a.leaf(by)
	payload = fmt.Appendf(nil, `{"critical":{"identity":{"docker-reference":"ghcr.io/acme/web"},"image":{"docker-manifest-digest":%q},"type":%q},"optional":null}`, of, kind)
	signature := sign(a.t, key, payload)
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}))
	sum := ref.Digest("sha256:" + sha(payload))
	body := fmt.Sprintf(`{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":%q}},"signature":{"content":%q,"publicKey":{"content":%q}}}}`,
		strings.TrimPrefix(string(sum), "sha256:"), encode(signature), encode([]byte(certificate)))
	return payload, map[string]string{
		"dev.cosignproject.cosign/signature": encode(signature),
		"dev.sigstore.cosign/certificate":    certificate,
		"dev.sigstore.cosign/bundle":         a.promise(body),
	}
}

// cosignAttestation is an attestation of cosign 2: an envelope, and what stands
// beside it.
func (a *authority) cosignAttestation(by signer, of ref.Digest, predicate string) (content []byte, notes map[string]string) {
	a.t.Helper()
	leaf, key := a.leaf(by)
	body := statement(of, predicate)
	dsse, signature := envelope(a.t, func(m []byte) []byte { return sign(a.t, key, m) }, body)
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}))
	entry := fmt.Sprintf(`{"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":{"algorithm":"sha256","value":%q},"payloadHash":{"algorithm":"sha256","value":%q},"signatures":[{"signature":%q,"verifier":%q}]}}`,
		sha([]byte(dsse)), sha(body), encode(signature), encode([]byte(certificate)))
	return []byte(dsse), map[string]string{
		"dev.sigstore.cosign/certificate": certificate,
		"dev.sigstore.cosign/bundle":      a.promise(entry),
	}
}

// promise is that of the transparency log to take an entry in, as cosign notes it.
func (a *authority) promise(body string) string {
	a.t.Helper()
	id, err := a.RekorLogID()
	if err != nil {
		a.t.Fatal(err)
	}
	payload := tlog.RekorPayload{Body: encode([]byte(body)), IntegratedTime: time.Now().Unix(), LogIndex: 5, LogID: id}
	set, err := a.RekorSignPayload(payload)
	if err != nil {
		a.t.Fatal(err)
	}
	note, err := json.Marshal(map[string]any{"SignedEntryTimestamp": set, "Payload": payload})
	if err != nil {
		a.t.Fatal(err)
	}
	return string(note)
}

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
