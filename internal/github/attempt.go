package github

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

const (
	maxTries  = 4 // of what is safe to send again
	maxWaits  = 5 // for limits
	maxHops   = 5
	maxYoung  = 2 // times that a token just had is not known yet
	firstWait = time.Second
)

// attempt is a request under way, and what it has met.
type attempt struct {
	*transport
	req    *http.Request
	body   []byte
	effect effect
	url    *url.URL // where it goes now

	troubles, waits, hops, young int
}

// run sends the request until there is an answer to hand on.
func (a *attempt) run(ctx context.Context) (*answer, error) {
	for {
		got, err := a.send()
		wait, again, err := a.judge(got, err)
		if err != nil {
			return nil, err
		}
		if !again {
			return got, nil
		}
		if err := a.pause(ctx, wait); err != nil {
			return nil, a.ended(err)
		}
	}
}

// judge says whether the request is sent again, and after what pause.
func (a *attempt) judge(got *answer, err error) (wait time.Duration, again bool, _ error) {
	switch {
	case err != nil:
		return a.failed(err)
	case redirects(got.StatusCode):
		return 0, true, a.follow(got)
	}
	if l, ok := a.limitOf(got); ok {
		return a.obey(l, got)
	}
	switch {
	case got.StatusCode == http.StatusUnauthorized && a.young < maxYoung && a.fresh():
		a.young++
		wait := firstWait << (2 * (a.young - 1))
		a.log.printf("a token just had is not known yet; trying again in %v", wait)
		return wait, true, nil
	case a.effect.safe() && a.trouble(got) && a.troubles < maxTries-1:
		wait, again := a.backoff(status(got))
		return wait, again, nil
	case !a.effect.graphQL() && page(got):
		return 0, false, a.noAnswer(&Error{Status: got.StatusCode, Message: "the answer is a page for people, and none of GitHub's API"})
	}
	return 0, false, nil
}

// send sends the request once.
func (a *attempt) send() (*answer, error) {
	out := a.req.Clone(a.req.Context())
	out.URL, out.Host = a.url, a.url.Host
	if a.body != nil {
		out.Body, out.ContentLength = reader(a.body), int64(len(a.body))
		out.GetBody = func() (io.ReadCloser, error) { return reader(a.body), nil }
	}
	for name, value := range map[string]string{"User-Agent": userAgent, "X-Github-Api-Version": apiVersion} {
		if out.Header.Get(name) == "" {
			out.Header.Set(name, value)
		}
	}
	resp, err := a.auth.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body = reader(body)
	return &answer{Response: resp, body: body}, err
}

// backoff is the pause before another try after trouble; none where there is no time.
func (a *attempt) backoff(why string) (time.Duration, bool) {
	most := firstWait << a.troubles
	wait := most/2 + rand.N(most/2)
	if !a.enough(wait) {
		return 0, false
	}
	a.troubles++
	a.log.printf("%s: %s; trying again in %v (%d of %d)", request(a.req), why, wait.Round(time.Millisecond), a.troubles+1, maxTries)
	return wait, true
}

// enough reports whether the run may go on after a pause. Contexts end by the real
// clock, whatever a.now says.
func (a *attempt) enough(wait time.Duration) bool {
	deadline, limited := a.req.Context().Deadline()
	return !limited || wait < time.Until(deadline)
}

func (a *attempt) pause(ctx context.Context, wait time.Duration) error {
	if wait == 0 {
		return ctx.Err()
	}
	return a.sleep(ctx, wait)
}
