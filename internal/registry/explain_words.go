package registry

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// full are words of registries that have no room: of the operating system, as
// Docker's registry hands them on (28 is ENOSPC), and of Harbor and Quay.
var full = []string{
	"no space left on device", "Err:28 ", "Err:28]", "disk quota exceeded", "insufficient storage",
	"will exceed the configured upper limit", "Quota has been exceeded",
}

func isFull(answer *transport.Error) bool {
	return answer.StatusCode == http.StatusInsufficientStorage || hasAny(answer.Error(), full)
}

// saysFull looks into an answer for such words, and leaves it as it is.
func saysFull(response *http.Response) bool {
	text, _ := io.ReadAll(io.LimitReader(response.Body, longestWords))
	response.Body = readCloser{io.MultiReader(bytes.NewReader(text), response.Body), response.Body}
	looked := *response
	looked.Body = io.NopCloser(bytes.NewReader(text))
	answer, ok := errors.AsType[*transport.Error](transport.CheckError(&looked))
	return ok && isFull(answer)
}

// longestWords bounds how much of an answer is looked at for words.
const longestWords = 16 << 10

// readOnly are words of registries that take no writes for the time being.
var readOnly = []string{"read-only mode", "read only mode", "readonly mode"}

// isReadOnly reports whether a registry takes no writes at all: not from this
// login, but from anybody.
func isReadOnly(answer *transport.Error) bool {
	asked := answer.Request
	if asked == nil || asked.Method == http.MethodGet || asked.Method == http.MethodHead || asked.Method == http.MethodDelete {
		return false
	}
	return answer.StatusCode == http.StatusMethodNotAllowed || hasAny(answer.Error(), readOnly)
}

// defects are answers that tell how a registry is set up wrongly, or what is
// between it and here.
var defects = []struct{ text, hint string }{
	{"DIGEST_INVALID", hintCut},
	{"SIZE_INVALID", hintCut},
	{"digest mismatch", hintCut},
	{"does not match requested digest", hintOther},
	{"does not match Docker-Content-Digest", hintOther},
	{"not allowed for a secure registry", "the registry names a token service with http: set its realm to an address with https"},
	{"is a private or link-local address", "the registry names a token service at an address of its own network: set its realm to the address that clients see"},
	{"redirects to private/link-local host", "the registry names an address of its own network: let its proxy set X-Forwarded-Proto and Host, or set the registry's external URL"},
	{"missing Location header", "a proxy before the registry drops the header Location: let it through"},
	{"no token in bearer response", "the token service answers without a token: see its log"},
}

const (
	hintCut   = "what arrived is not what was sent: run again; if it stays so, a proxy before the registry cuts or changes uploads, or its storage does"
	hintOther = "the registry, or a cache before it, gives another manifest than its digest says: run again, and empty that cache if it stays so"
)

// knownDefect is the hint for such words; "" where they are not known.
func knownDefect(told string) string {
	for _, d := range defects {
		if strings.Contains(told, d.text) {
			return d.hint
		}
	}
	return ""
}

func hasAny(s string, words []string) bool {
	for _, word := range words {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}
