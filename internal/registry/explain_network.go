package registry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/seed-96940006/tagboat/internal/proxy"
)

// distrusted is the hint for a certificate that is not accepted; "" where it was.
func distrusted(err error) string {
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err)
	other, isOther := errors.AsType[x509.HostnameError](err)
	_, isUnknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, failed := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case isInvalid && invalid.Reason == x509.Expired && invalid.Cert != nil:
		return fmt.Sprintf("the registry's certificate is for %s to %s: renew it, or set this machine's clock",
			invalid.Cert.NotBefore.UTC().Format(time.DateOnly), invalid.Cert.NotAfter.UTC().Format(time.DateOnly))
	case isOther && other.Certificate != nil && len(other.Certificate.DNSNames) > 0:
		return fmt.Sprintf("name the registry as its certificate does (%s), or give it a certificate for %s",
			strings.Join(other.Certificate.DNSNames, ", "), other.Host)
	case isInvalid, isOther, isUnknown, failed:
		return "let this machine trust the registry's certificate: name its CA as `ca-file`, or in SSL_CERT_FILE, or add it to the system"
	}
	return ""
}

// unreachable reports whether no registry answered at all, and what to look at. A
// page of HTML is no answer of a registry.
func unreachable(err error) (failed bool, hint string) {
	var dns *net.DNSError
	var broken net.Error
	var alert tls.AlertError
	_, page := errors.AsType[*htmlPage](err)
	switch {
	case err == nil || answered(err) != 0:
		return false, ""
	case page:
		return true, "something else answers in the place of the registry"
	case proxy.Hint(err) != "":
		return true, proxy.Hint(err)
	case errors.As(err, &dns):
		return true, "check the registry's host name, and the name servers of this machine"
	case errors.Is(err, syscall.ECONNREFUSED):
		return true, "nothing listens there: check the registry's host and port, and whether it runs"
	case errors.Is(err, http.ErrSchemeMismatch), strings.Contains(err.Error(), http.ErrSchemeMismatch.Error()):
		return true, "this registry speaks plain http, which is used with loopback and private addresses only: give it a certificate"
	case errors.As(err, &alert):
		return true, "the registry ended the TLS handshake: it may want another version of TLS, or a certificate of the client, which tagboat does not have"
	case isDial(err): // before what makes it count as broken off
		return true, "check the network to the host and port told above, which may be those of the registry's storage, and HTTPS_PROXY"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return true, "the registry closed the connection each time: see its log, or a proxy's between"
	case isNetwork(err), errors.As(err, &broken) && broken.Timeout():
		return true, "check the registry's host and port, the network, and HTTPS_PROXY"
	}
	return false, ""
}

// isDial reports whether no connection was made.
func isDial(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

func isNetwork(err error) bool {
	var op *net.OpError
	return errors.As(err, &op)
}
