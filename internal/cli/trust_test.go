package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
)

// TestAnAuthorityOfOnesOwnIsTrusted asks a server whose certificate nobody knows,
// as the API's client does, and with git: what it answers is that there is nothing.
func TestAnAuthorityOfOnesOwnIsTrusted(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	server.StartTLS()
	defer server.Close()
	file := filepath.Join(t.TempDir(), "acme.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	remote := git.Remote{URL: server.URL + "/acme/infra.git"}
	if _, err := (git.Repo{Dir: t.TempDir()}).LsRemote(t.Context(), remote, "HEAD"); !fault.Is(err, "E_GIT_TLS") {
		t.Errorf("without the authority: %v", err)
	}
	by, err := quietApp().trusted(file, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	remote.CAFile = by.caFile
	if _, err := (git.Repo{Dir: t.TempDir()}).LsRemote(t.Context(), remote, "HEAD"); !fault.Is(err, "E_GIT_NOT_FOUND") {
		t.Errorf("with the authority: %v", err)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: by.roots}}}
	answer, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

func TestTheSystemsAuthoritiesStay(t *testing.T) {
	a := quietApp()
	folder := t.TempDir()
	system := filepath.Join(folder, "system.pem")
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(system, []byte("the system's\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.world.Getenv = func(name string) string { return map[string]string{"GIT_SSL_CAINFO": system}[name] }
	own := filepath.Join(folder, "own.pem")
	if err := os.WriteFile(own, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	by, err := a.trusted(own, folder)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(by.caFile)
	if want := "the system's\n\n" + string(certificate); err != nil || string(got) != want {
		t.Errorf("got %q, want %q (%v)", got, want, err)
	}
}

// A company's proxy in front of AWS is no reason to trust nobody else there.
func TestAWSTrustsItsBundleToo(t *testing.T) {
	folder := t.TempDir()
	pemOwn, ofOwn := authority(t)
	pemAWS, ofAWS := authority(t)
	own, bundle := filepath.Join(folder, "own.pem"), filepath.Join(folder, "aws.pem")
	for file, data := range map[string][]byte{own: pemOwn, bundle: pemAWS} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := quietApp()
	a.world.Getenv = func(name string) string { return map[string]string{"AWS_CA_BUNDLE": bundle}[name] }
	by, err := a.trusted(own, folder)
	if err != nil {
		t.Fatal(err)
	}
	there := a.trustedAtAWS(by)
	for name, test := range map[string]struct {
		of   trust
		cert *x509.Certificate
		want bool
	}{"ca-file": {there, ofOwn, true}, "AWS_CA_BUNDLE": {there, ofAWS, true}, "elsewhere": {by, ofAWS, false}} {
		if _, err := test.cert.Verify(x509.VerifyOptions{Roots: test.of.roots}); (err == nil) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// authority is one that nobody else has.
func authority(t *testing.T) ([]byte, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), certificate
}

func TestAFileWithoutCertificatesIsRefused(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, filepath.Join(t.TempDir(), "none.pem")} {
		if by, err := quietApp().trusted(file, t.TempDir()); !fault.Is(err, "E_CA_FILE") {
			t.Errorf("%s: got %+v, %v", file, by, err)
		}
	}
}
