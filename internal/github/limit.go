package github

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// limit is GitHub's wish for fewer requests. What it refuses had no effect, so that
// writes, too, are sent again after it.
//
// See https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api.
type limit struct {
	name string
	wait time.Duration
	said *Error
}

// longest is more than any limit lasts; primary ones begin anew every hour.
const longest = 65 * time.Minute

// limitOf reads the forms in which limits are told: 403 or 429, with retry-after, with
// nothing remaining or with neither, and GraphQL's, which come as 200.
func (a *attempt) limitOf(got *answer) (limit, bool) {
	said := a.refusedBy(got)
	if said == nil {
		return limit{}, false
	}
	after := got.Header.Get("Retry-After")
	spent := got.Header.Get("X-Ratelimit-Remaining") == "0"
	unclear := got.StatusCode == http.StatusForbidden && (after != "" || spent) && said.Kind == Denied && said.Accepted == "" && !denial(said.Message)
	if said.Kind != Limited && !unclear {
		return limit{}, false
	}
	said.Kind = Limited
	l := limit{name: "secondary rate limit", said: said}
	if spent && after == "" {
		l.name = "rate limit"
		if resource := got.Header.Get("X-Ratelimit-Resource"); resource != "" {
			l.name += " of " + fault.Plain(resource, 40)
		}
	}
	l.wait = a.wait(after, got.Header.Get("X-Ratelimit-Reset"), spent)
	return l, true
}

// refusedBy reads the refusal in an answer that may be one of a limit.
func (a *attempt) refusedBy(got *answer) *Error {
	switch {
	case got.StatusCode == http.StatusForbidden || got.StatusCode == http.StatusTooManyRequests:
		return refusal(request(a.req), got.StatusCode, got.Header, got.body, !a.effect.safe())
	case got.StatusCode < 300 && a.effect.graphQL():
		g, err := a.readGraphQL(got.body)
		if err != nil || g.partial() {
			return nil // what has data was not refused as a whole
		}
		return g.err(a.effect)
	}
	return nil
}

// wait is how long GitHub wants to be left alone: as long as it says; until more
// requests are allowed; otherwise a minute at least, and longer each time.
func (a *attempt) wait(after, reset string, spent bool) time.Duration {
	seconds, err := strconv.Atoi(after)
	if err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 1<<30)) * time.Second
	}
	if at, err := http.ParseTime(after); err == nil && at.After(a.now()) {
		return at.Sub(a.now())
	}
	if at, err := strconv.ParseInt(reset, 10, 64); spent && err == nil {
		left := time.Unix(at, 0).Sub(a.now())
		switch {
		case left > 0:
			return min(left, 2*longest) + time.Second
		case a.waits == 0:
			return time.Second // it is just over
		}
	}
	return time.Minute << a.waits
}

// obey waits for a limit, unless the run would end before it.
func (a *attempt) obey(l limit, got *answer) (time.Duration, bool, error) {
	wait := l.wait + rand.N(max(time.Second, min(l.wait/10, 30*time.Second))) // not all runs at once
	until := a.now().Add(wait).UTC().Format("15:04:05 MST")
	switch {
	case a.waits >= maxWaits:
		return 0, false, limited(l, fmt.Sprintf("%s: still refused after %d waits", l.name, a.waits), until)
	case wait > longest || !a.enough(wait):
		return 0, false, limited(l, fmt.Sprintf("%s: it ends at %s, in %v, which is later than this run may wait", l.name, until, wait.Round(time.Second)), until)
	}
	a.waits++
	a.log.printf("%s: waiting %v, until %s (%s)", l.name, wait.Round(time.Second), until, request(a.req))
	return wait, true, nil
}

func limited(l limit, why, until string) *fault.Fault {
	hint := fmt.Sprintf("run again after %s; the job's own token has 1,000 requests an hour for all runs of its repository, a GitHub App has 5,000 or more", until)
	return fault.New("E_GITHUB_LIMIT", hint, fmt.Errorf("%s: %w", why, l.said))
}
