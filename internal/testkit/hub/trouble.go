package hub

import (
	"net/http"
	"strconv"
	"time"
)

// Rule is a trouble that requests run into.
type Rule struct {
	// Match says which: "createCommitOnBranch" is every GraphQL document with a field
	// of that name, "query" and "mutation" are those of a kind, and anything with a
	// space, slash or star is compared with the method and the path, in which a star is
	// any text: "POST */git/refs", "GET *", "POST *git-receive-pack". "" is every one.
	Match string
	Times int // how often; 0 is always
	How   How

	RetryAfter time.Duration // of secondary limits; 0 is a minute
	Reset      time.Time     // of primary limits; the zero time is in an hour
}

// How is what comes in the place of the right answer.
type How int

// The ways in which a request fails.
const (
	Down                How = iota // 500, before any effect
	BadGateway                     // 502 with a page of HTML, before any effect
	BadGatewayAfter                // the same, after the effect
	Timeout                        // 504 in the words of GitHub, after the effect
	Cut                            // the connection ends before any effect
	CutAfter                       // the connection ends after the effect
	Hang                           // no answer until the client gives up, and no effect
	HangAfter                      // no answer until the client gives up, after the effect
	Exhausted403                   // primary limit: 403, remaining 0
	Exhausted429                   // primary limit: 429, remaining 0
	Exhausted200                   // primary limit of GraphQL: 200, remaining 0, RATE_LIMITED
	Secondary403                   // secondary limit: 403, retry-after
	Secondary429                   // secondary limit: 429, retry-after, and a page that does not tell
	Secondary200                   // secondary limit of GraphQL: 200
	SomethingWrong                 // GraphQL: 200, "Something went wrong", before any effect
	SomethingWrongAfter            // the same, after the effect
)

// late reports whether the trouble comes after the effect.
func (how How) late() bool {
	switch how {
	case BadGatewayAfter, Timeout, CutAfter, HangAfter, SomethingWrongAfter:
		return true
	default:
		return false
	}
}

// Fail makes the next n requests that match fail, see Rule; 0 is all of them.
func (h *Hub) Fail(match string, n int, how How) {
	h.Rule(Rule{Match: match, Times: n, How: how})
}

// Rule adds a trouble. Of several that match a request, the oldest is taken.
func (h *Hub) Rule(r Rule) {
	h.state.RLock()
	if r.Reset.IsZero() {
		r.Reset = h.now().Add(time.Hour)
	}
	h.state.RUnlock()
	if r.RetryAfter == 0 {
		r.RetryAfter = time.Minute
	}
	h.knobs.mu.Lock()
	defer h.knobs.mu.Unlock()
	h.knobs.rules = append(h.knobs.rules, &r)
}

// Calm ends all troubles.
func (h *Hub) Calm() {
	h.knobs.mu.Lock()
	defer h.knobs.mu.Unlock()
	h.knobs.rules, h.knobs.latency, h.knobs.gone = nil, 0, stale{}
}

const (
	pagePrimary   = "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"
	pageSecondary = "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"

	saysPrimary   = "API rate limit exceeded for installation ID 7001."
	saysSecondary = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID 9441:2B1E8B:1A2B3C:1D2E3F:65F0A1B2."
	saysWrong     = "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug. Please include `9441:2B1E8B:1A2B3C` when reporting this issue."
	saysSlow      = "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request and contact us if the problem persists."
)

// answer sends what the rule says in the place of an answer.
func (r *Rule) answer(w http.ResponseWriter, q *request, done <-chan struct{}) {
	switch r.How {
	case Cut, CutAfter:
		panic(http.ErrAbortHandler) // net/http's way to cut the line
	case Hang, HangAfter:
		wait(q, done, time.Hour)
		panic(http.ErrAbortHandler)
	default:
		a := r.words()
		r.limits(a, q)
		a.send(w)
	}
}

// words is the answer without the headers that tell a limit.
func (r *Rule) words() *answer {
	switch r.How {
	case BadGateway, BadGatewayAfter:
		return text(http.StatusBadGateway, "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n")
	case Timeout:
		return failure(http.StatusGatewayTimeout, saysSlow, docs)
	case Exhausted403:
		return failure(http.StatusForbidden, saysPrimary, pagePrimary)
	case Exhausted429:
		return failure(http.StatusTooManyRequests, saysPrimary, pagePrimary)
	case Exhausted200:
		return reply(http.StatusOK, map[string]any{"errors": []any{map[string]any{"type": "RATE_LIMITED", "message": saysPrimary}}})
	case Secondary403:
		return failure(http.StatusForbidden, saysSecondary, pageSecondary)
	case Secondary429:
		return failure(http.StatusTooManyRequests, saysSecondary, docs)
	case Secondary200:
		return reply(http.StatusOK, map[string]any{"message": saysSecondary, "documentation_url": pageSecondary, "errors": []any{map[string]any{"type": "RATE_LIMITED", "message": saysSecondary}}})
	case SomethingWrong, SomethingWrongAfter:
		return reply(http.StatusOK, map[string]any{"data": nil, "errors": []any{map[string]any{"message": saysWrong}}})
	default:
		return failure(http.StatusInternalServerError, "Server Error", docs)
	}
}

// limits puts the headers of a limit on an answer.
func (r *Rule) limits(a *answer, q *request) {
	remaining := "4321"
	switch r.How {
	case Exhausted403, Exhausted429, Exhausted200:
		remaining = "0"
	case Secondary403, Secondary429, Secondary200:
		a.header.Set("Retry-After", strconv.Itoa(int(r.RetryAfter/time.Second)))
	default:
		return
	}
	a.header.Set("X-RateLimit-Limit", "5000")
	a.header.Set("X-RateLimit-Remaining", remaining)
	a.header.Set("X-RateLimit-Used", "5000")
	a.header.Set("X-RateLimit-Reset", strconv.FormatInt(r.Reset.Unix(), 10))
	a.header.Set("X-RateLimit-Resource", q.resource())
}

// resource is the bucket that a request counts in.
func (q *request) resource() string {
	if q.kind == graphRequest {
		return "graphql"
	}
	return "core"
}
