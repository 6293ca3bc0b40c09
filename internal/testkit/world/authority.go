package world

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Certificate is what a host shows to those who connect.
type Certificate int

// The certificates of hosts.
const (
	Trusted    Certificate = iota // signed by the authority for the host's name
	SelfSigned                    // for the right name, by nobody whom anybody trusts
	Expired                       // signed by the authority, and over since yesterday
	OtherName                     // signed by the authority for other.example
	NoTLS                         // none: the host speaks plain HTTP at a port for HTTPS
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey

	mu     sync.Mutex
	issued map[string]*tls.Config // by host and certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{key: newKey(t), issued: map[string]*tls.Config{}}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "testkit authority"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.certificate = sign(t, template, template, a.key.Public(), a.key)
	return a
}

// config is how a host shakes hands.
func (a *authority) config(t testing.TB, h *host) *tls.Config {
	a.mu.Lock()
	defer a.mu.Unlock()
	name, _, _ := net.SplitHostPort(h.address)
	id := name + " " + string(rune('0'+h.certificate))
	if found := a.issued[id]; found != nil {
		return found
	}
	key := newKey(t)
	template, parent, signer := leaf(name), a.certificate, a.key
	switch h.certificate {
	case SelfSigned:
		parent, signer = template, key
	case Expired:
		template.NotAfter = time.Now().Add(-24 * time.Hour)
	case OtherName:
		template.DNSNames = []string{"other.example"}
	}
	made := sign(t, template, parent, key.Public(), signer)
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{made.Raw}, PrivateKey: key}},
		NextProtos:   []string{"http/1.1"}, // a handler can break such a connection
	}
	a.issued[id] = config
	return config
}

// leaf is a server's certificate, for names and addresses.
func leaf(names ...string) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]},
		NotBefore: time.Now().Add(-47 * time.Hour), NotAfter: time.Now().Add(47 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, name)
	}
	return template
}

// files writes a certificate and its key.
func (a *authority) files(t testing.TB, names ...string) (certFile, keyFile string) {
	t.Helper()
	key := newKey(t)
	made := sign(t, leaf(names...), a.certificate, key.Public(), a.key)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return writePEM(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", made.Raw),
		writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", private)
}

func (a *authority) write(t testing.TB) string {
	t.Helper()
	return writePEM(t, filepath.Join(t.TempDir(), "ca.pem"), "CERTIFICATE", a.certificate.Raw)
}

func writePEM(t testing.TB, path, kind string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	data, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(data)
	if err != nil {
		t.Fatal(err)
	}
	return made
}
