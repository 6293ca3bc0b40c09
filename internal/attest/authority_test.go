package attest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
)

// The organizations of the two instances, as their certificates have them.
const (
	publicGood = "sigstore.dev"
	gitHub     = "GitHub, Inc."
)

// authority is a deployment of sigstore: log and timestamps are VirtualSigstore's,
// certificates are made here, since its own say nothing about a repository.
type authority struct {
	*ca.VirtualSigstore
	t            *testing.T
	organization string
	top, issuing *x509.Certificate
	key          *ecdsa.PrivateKey // of issuing
	ct           *ecdsa.PrivateKey // of the certificates' log
}

func newAuthority(t *testing.T, organization string) *authority {
	t.Helper()
	vs, err := ca.NewVirtualSigstore()
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{VirtualSigstore: vs, t: t, organization: organization, key: newKey(t), ct: newKey(t)}
	topKey := newKey(t)
	template := func(name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name, Organization: []string{organization}},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
		}
	}
	a.top = a.certificate(template("root"), template("root"), &topKey.PublicKey, topKey)
	issuing := template("intermediate")
	issuing.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	a.issuing = a.certificate(issuing, a.top, &a.key.PublicKey, topKey)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) certificate(template, parent *x509.Certificate, of *ecdsa.PublicKey, by *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, of, by)
	if err != nil {
		a.t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// signer is who a certificate is for.
type signer struct {
	name, issuer, repository, ref, commit string
	unlogged                              bool // the certificate stands in no log
}

// leaf is a certificate as Fulcio issues them
// (https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md).
func (a *authority) leaf(s signer) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key := newKey(a.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(9 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	if u, err := url.Parse(s.name); err == nil && u.Scheme == "https" {
		template.URIs = []*url.URL{u}
	} else {
		template.EmailAddresses = []string{s.name}
	}
	for _, e := range []struct {
		id    asn1.ObjectIdentifier
		value string
	}{
		{certificate.OIDIssuerV2, s.issuer}, {certificate.OIDSourceRepositoryURI, s.repository},
		{certificate.OIDSourceRepositoryRef, s.ref}, {certificate.OIDSourceRepositoryDigest, s.commit},
	} {
		if e.value == "" {
			continue
		}
		value, err := asn1.MarshalWithParams(e.value, "utf8")
		if err != nil {
			a.t.Fatal(err)
		}
		template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: e.id, Value: value})
	}
	if a.organization == publicGood && !s.unlogged {
		before := a.certificate(template, a.issuing, &key.PublicKey, a.key)
		template.ExtraExtensions = append(template.ExtraExtensions, a.logged(before))
	}
	return a.certificate(template, a.issuing, &key.PublicKey, a.key), key
}

// logged is the extension in which the log of certificates promises to take one in:
// a list of one SignedCertificateTimestamp (RFC 6962, 3.2 and 3.3).
func (a *authority) logged(before *x509.Certificate) pkix.Extension {
	a.t.Helper()
	now := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli()))
	keyHash := sha256.Sum256(a.issuing.RawSubjectPublicKeyInfo)
	tbs := before.RawTBSCertificate
	signed := append([]byte{0, 0}, now...)
	signed = append(signed, 0, 1)
	signed = append(signed, keyHash[:]...)
	signed = append(signed, byte(len(tbs)>>16), byte(len(tbs)>>8), byte(len(tbs)))
	signed = append(append(signed, tbs...), 0, 0)
	signature := sign(a.t, a.ct, signed)

	id := a.logID(&a.ct.PublicKey)
	sct := append(append([]byte{0}, id...), now...)
	sct = append(sct, 0, 0, 4, 3)
	sct = append(binary.BigEndian.AppendUint16(sct, uint16(len(signature))), signature...)
	list := append(binary.BigEndian.AppendUint16(nil, uint16(len(sct))), sct...)
	value, err := asn1.Marshal(append(binary.BigEndian.AppendUint16(nil, uint16(len(list))), list...))
	if err != nil {
		a.t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: value}
}

func sign(t *testing.T, key *ecdsa.PrivateKey, message []byte) []byte {
	t.Helper()
	sum := sha256.Sum256(message)
	signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func (a *authority) logID(key crypto.PublicKey) []byte {
	a.t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	return sum[:]
}

// root is the trusted root in JSON, in one line. GitHub's has no logs.
func (a *authority) root() string {
	a.t.Helper()
	fulcio := &root.FulcioCertificateAuthority{
		Root: a.top, Intermediates: []*x509.Certificate{a.issuing}, URI: "https://fulcio.invalid",
		ValidityPeriodStart: time.Now().Add(-time.Hour), ValidityPeriodEnd: time.Now().Add(time.Hour),
	}
	logs, certificates := map[string]*root.TransparencyLog{}, map[string]*root.TransparencyLog{}
	if a.organization != gitHub {
		for id, log := range a.RekorLogs() {
			log.ID, _ = hex.DecodeString(id)
			logs[id] = log
		}
		id := a.logID(&a.ct.PublicKey)
		certificates[hex.EncodeToString(id)] = &root.TransparencyLog{
			BaseURL: "https://ct.invalid", ID: id, HashFunc: crypto.SHA256, PublicKey: &a.ct.PublicKey,
			ValidityPeriodStart: time.Now().Add(-time.Hour), ValidityPeriodEnd: time.Now().Add(time.Hour),
		}
	}
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01, []root.CertificateAuthority{fulcio}, certificates, a.TimestampingAuthorities(), logs)
	if err != nil {
		a.t.Fatal(err)
	}
	data, err := trusted.MarshalJSON()
	if err != nil {
		a.t.Fatal(err)
	}
	return string(data)
}

// rootFile writes the roots of authorities as `gh attestation trusted-root` does.
func rootFile(t *testing.T, authorities ...*authority) string {
	t.Helper()
	var lines []string
	for _, a := range authorities {
		lines = append(lines, a.root()+"\n")
	}
	path := filepath.Join(t.TempDir(), "trusted_root.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
