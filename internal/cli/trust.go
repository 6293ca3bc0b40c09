package cli

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// trust is what the certificates of a server are held against; the zero value is
// what the system trusts.
type trust struct {
	roots  *x509.CertPool
	caFile string // the same, for git
}

// trusted is the system's trust and that in the authorities of a file. For git it
// becomes one file in scratch, since git takes one in place of the system's.
func (a *app) trusted(file, scratch string) (trust, error) {
	if file == "" {
		return trust{}, nil
	}
	own, err := os.ReadFile(file)
	if err != nil {
		return trust{}, noAuthorities(fmt.Errorf("ca-file: %w", err))
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(own) {
		return trust{}, noAuthorities(fmt.Errorf("ca-file: %s holds no certificate", file))
	}
	all := filepath.Join(scratch, "ca.pem")
	bundle := bytes.Join([][]byte{a.systemBundle(), own}, []byte("\n"))
	if err := os.WriteFile(all, bundle, 0o600); err != nil {
		return trust{}, err
	}
	return trust{roots: roots, caFile: all}, nil
}

// trustedAtAWS is t, and the authorities that AWS_CA_BUNDLE names: every SDK of AWS
// trusts them. What is wrong with that file is told by the SDK, once AWS is asked.
func (a *app) trustedAtAWS(t trust) trust {
	if own, err := os.ReadFile(a.world.Getenv("AWS_CA_BUNDLE")); err == nil {
		t.roots = t.roots.Clone()
		t.roots.AppendCertsFromPEM(own)
	}
	return t
}

// config is what TLS is spoken with.
func (t trust) config() *tls.Config {
	return &tls.Config{RootCAs: t.roots, MinVersion: tls.VersionTLS12}
}

func noAuthorities(err error) error {
	return usage(fault.New("E_CA_FILE", "name a file with certificates as PEM: -----BEGIN CERTIFICATE-----", err))
}

// systemBundles are the files in which systems keep the authorities that they trust.
var systemBundles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Alpine
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/ssl/cert.pem",                                 // macOS, Alpine
}

// systemBundle is what git would trust without us, as PEM; nil where it is in no file.
func (a *app) systemBundle() []byte {
	var files []string
	for _, name := range []string{"GIT_SSL_CAINFO", "SSL_CERT_FILE"} {
		if file := a.world.Getenv(name); file != "" {
			files = append(files, file)
		}
	}
	for _, file := range append(files, systemBundles...) {
		if data, err := os.ReadFile(file); err == nil {
			return data
		} else if !errors.Is(err, os.ErrNotExist) {
			a.Printf("%s is left out: %v", file, err)
		}
	}
	return nil
}
