package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// hiccups bounds how often a registry that has taken us before may refuse us.
const hiccups = 2

// maxRenewals bounds how often one session asks for new credentials.
const maxRenewals = 5

// login is the transport above the authenticated one, which it replaces where a
// registry does not know us any more: credentials have expired, or a registry that
// has taken what we sent refuses it all of a sudden. What is meant, and comes with
// the first answer, is handed back.
type login struct {
	host    string
	tries   tries
	shake   func(context.Context) (http.RoundTripper, error) // with credentials as the keychain has them now
	expired func()                                           // tells the keychain; nil where it cannot renew any

	mu       sync.Mutex
	inner    http.RoundTripper
	renewals int
	answered bool // a question
	accepted bool // something that was sent
}

// RoundTrip sends the request, and again where fresh credentials may help.
func (l *login) RoundTrip(request *http.Request) (*http.Response, error) {
	request = repeatable(request)
	tries := l.tries.begin()
	for renewed, forgiven := false, 0; ; {
		door := l.door()
		response, err := door.RoundTrip(request)
		if err != nil || !refused(response) {
			l.remember(request, response)
			return response, err
		}
		words := l.words(door, request, response)
		switch {
		case !renewed && l.expired != nil && strings.Contains(words, "token has expired"):
			renewed = true
			l.expired()
			tries.print(tries.image.String() + ": the login has expired: logging in again")
		case forgiven < hiccups && l.forgives(request, response, words):
			forgiven++
			if !uploads(request) && !tries.again(request.Context(), fmt.Sprintf("refused (%d) all of a sudden", response.StatusCode), 0) {
				return response, nil
			}
		default:
			l.believe(forgiven)
			return response, nil
		}
		if l.renew(request.Context(), door) != nil {
			return response, nil
		}
		if uploads(request) {
			trialOf(request.Context()).forgive()
			return response, nil
		}
		discard(response)
	}
}

// refused reports whether an answer may be about who asks. ECR Public says 400
// where its token has expired.
func refused(response *http.Response) bool {
	switch response.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest:
		return true
	}
	return false
}

func (l *login) door() http.RoundTripper {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inner
}

// remember notes that the registry has taken us.
func (l *login) remember(request *http.Request, response *http.Response) {
	if response == nil || request.URL.Host != l.host {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	reads := request.Method == http.MethodGet || request.Method == http.MethodHead
	ok := response.StatusCode < 300
	l.answered = l.answered || ok || reads && response.StatusCode == http.StatusNotFound
	l.accepted = l.accepted || ok && !reads
}

// believe takes a refusal for what it says once it was forgiven often enough.
func (l *login) believe(forgiven int) {
	if forgiven < hiccups {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered, l.accepted = false, false
}

// forgives reports whether a refusal comes all of a sudden: after answers to a
// question, after writes to a write, if it is not about the token alone. A refused
// mount is none: the blob is uploaded instead.
func (l *login) forgives(request *http.Request, response *http.Response, words string) bool {
	if response.StatusCode == http.StatusBadRequest || knownDenial(words) != "" || request.URL.Query().Has("mount") {
		return false
	}
	if request.URL.Host != l.host && !uploads(request) {
		return false // the address of a bucket that has ended stays so
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	reads := request.Method == http.MethodGet || request.Method == http.MethodHead
	if reads || response.StatusCode == http.StatusUnauthorized && !strings.Contains(words, "DENIED") {
		return l.answered
	}
	return l.accepted
}

// words is what a refusal says. The answer to a HEAD has no body: where it may
// mean that a login has expired, the same is asked by GET.
func (l *login) words(door http.RoundTripper, request *http.Request, response *http.Response) string {
	if request.Method != http.MethodHead {
		return keepBody(response)
	}
	if l.expired == nil || response.StatusCode == http.StatusBadRequest || request.URL.Host != l.host {
		return ""
	}
	asking := request.Clone(request.Context())
	asking.Method = http.MethodGet
	told, err := door.RoundTrip(asking)
	if err != nil {
		return ""
	}
	defer discard(told)
	if !refused(told) {
		return ""
	}
	return keepBody(told)
}

// keepBody reads what an answer says and leaves it to be read again.
func keepBody(response *http.Response) string {
	data, _ := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	response.Body = readCloser{io.MultiReader(bytes.NewReader(data), response.Body), response.Body}
	return string(data)
}

var errRenewals = errors.New("credentials were renewed too often")

// renew shakes hands anew, unless somebody else has done that since door was used.
func (l *login) renew(ctx context.Context, door http.RoundTripper) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inner != door {
		return nil
	}
	if l.renewals++; l.renewals > maxRenewals {
		return errRenewals
	}
	fresh, err := l.shake(ctx)
	if err != nil {
		return err
	}
	l.inner = fresh
	return nil
}

// asWrapper makes go-containerregistry take a transport as it is: no further ping,
// no second layer of retries.
func (s *session) asWrapper(t http.RoundTripper) (http.RoundTripper, error) {
	return transport.FromToken(s.repo.Registry, authn.Anonymous, t, &transport.Challenge{}, &transport.Token{})
}
