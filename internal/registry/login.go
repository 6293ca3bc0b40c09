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

// maxRenewals bounds how often one session asks for new credentials for one reason.
const maxRenewals = 5

// reason is why credentials are asked for anew.
type reason int

const (
	ended reason = iota // those there were are over
	sudden
	reasons
)

// login is the transport above the authenticated one, which it replaces where a
// registry does not know us any more: credentials have expired, or a registry that
// has taken what we sent refuses it all of a sudden. What is meant, and comes with
// the first answer, is the answer; why no fresh credentials can be had is an error.
type login struct {
	host    string
	tries   tries
	shake   func(context.Context) (http.RoundTripper, error) // with credentials as the keychain has them now
	expired func()                                           // tells the keychain; nil where it cannot renew any
	turn    chan struct{}                                    // of who shakes hands: holds one

	mu       sync.Mutex
	inner    http.RoundTripper
	renewals [reasons]int
	read     bool // a manifest, or that there is none
	answered bool // anything
	accepted bool // something that was sent
}

// RoundTrip sends the request, and again where fresh credentials may help.
func (l *login) RoundTrip(request *http.Request) (*http.Response, error) {
	request = repeatable(request)
	tries := l.tries.begin()
	for renewed, forgiven := false, 0; ; {
		door := l.door()
		response, err := door.RoundTrip(request)
		if err != nil || !refused(response) || cancels(request) || isSingle(request.Context()) {
			l.remember(request, response)
			return response, err
		}
		words, why := l.words(door, request, response), sudden
		switch {
		case !renewed && l.expired != nil && strings.Contains(words, "token has expired"):
			renewed, why = true, ended
		case forgiven < hiccups && l.forgives(request, response, words):
			forgiven++
			if !handedBack(request) && !tries.again(request.Context(), fmt.Sprintf("refused (%d) all of a sudden", response.StatusCode), 0) {
				return response, nil
			}
		default:
			l.believe(forgiven)
			return response, nil
		}
		if err := l.renew(request.Context(), door, why); err != nil {
			return notRenewed(request.Context(), response, why, err)
		}
		if handedBack(request) {
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
	told := ok || reads && response.StatusCode == http.StatusNotFound
	l.answered = l.answered || told
	l.read = l.read || told && reads && strings.Contains(request.URL.Path, "/manifests/")
	l.accepted = l.accepted || ok && !reads
}

// believe takes a refusal for what it says once it was forgiven often enough.
func (l *login) believe(forgiven int) {
	if forgiven < hiccups {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read, l.answered, l.accepted = false, false, false
}

// forgives reports whether a refusal comes all of a sudden: to a question after
// manifests were read, since what does not exist yet may be denied to who pushes; to
// a write after writes; and after anything if it is about the token alone. A refused
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
	switch {
	case response.StatusCode == http.StatusUnauthorized && !strings.Contains(words, "DENIED"):
		return l.answered
	case reads:
		return l.read
	}
	return l.accepted
}

// words is what a refusal says. The answer to a HEAD has no body: where it may
// mean that a login has expired, the same is asked by GET.
func (l *login) words(door http.RoundTripper, request *http.Request, response *http.Response) string {
	if request.Method != http.MethodHead {
		return keepBody(response)
	}
	if l.expired == nil || request.URL.Host != l.host {
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
// Nothing is locked meanwhile: others are refused, and wait for it or give up.
func (l *login) renew(ctx context.Context, door http.RoundTripper, why reason) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.door() != door {
		return nil
	}
	if l.renewals[why]++; l.renewals[why] > maxRenewals { // by who has the turn
		return errRenewals
	}
	if why == ended {
		l.expired()
		l.tries.print(l.tries.name + ": the login has expired: logging in again")
	}
	fresh, err := l.shake(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inner = fresh
	return nil
}

// notRenewed is what a refusal comes to where there are no fresh credentials. Why is
// told, and where the old ones have ended that is all there is to tell.
func notRenewed(ctx context.Context, refusal *http.Response, why reason, err error) (*http.Response, error) {
	if ctx.Err() != nil || errors.Is(err, errRenewals) {
		return refusal, nil
	}
	defer discard(refusal)
	if why == sudden {
		err = fmt.Errorf("%w; there is no other login: %w", transport.CheckError(refusal), err)
	}
	return nil, err
}

// asWrapper makes go-containerregistry take a transport as it is: no further ping,
// no second layer of retries.
func (s *session) asWrapper(t http.RoundTripper) (http.RoundTripper, error) {
	return transport.FromToken(s.repo.Registry, authn.Anonymous, t, &transport.Challenge{}, &transport.Token{})
}
