package hub

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// budget is what is left of one bucket of requests.
type budget struct {
	limit, used int
	reset       time.Time
	resource    string
}

func (b budget) remaining() int { return max(b.limit-b.used, 0) }

// anonymous is how many requests an hour come from nobody.
const anonymous = 60

// roll begins the next window of a token where the last one is over.
func (h *Hub) roll(t *Token) {
	for t != nil && !h.clock().Before(t.since.Add(time.Hour)) {
		t.since = t.since.Add(time.Hour)
		clear(t.spent)
	}
}

// budget is the bucket of a token in its window, which is an hour.
func (h *Hub) budget(t *Token, resource string) budget {
	b := budget{limit: anonymous, resource: resource, reset: h.began.Add(time.Hour)}
	if t == nil {
		return b
	}
	b.limit, b.used, b.reset = t.Limit, t.spent[resource], t.since.Add(time.Hour)
	return b
}

// spend takes one request off a bucket, and answers it where there is none left.
func (h *Hub) spend(t *Token, resource string) (budget, *answer) {
	b := h.budget(t, resource)
	if t == nil {
		return b, nil
	}
	if b.remaining() > 0 {
		t.spent[resource]++
		b.used++
		return b, nil
	}
	words := fmt.Sprintf("API rate limit exceeded for user ID %d.", t.owner.id)
	if t.integration() {
		words = fmt.Sprintf("API rate limit exceeded for installation ID %d.", t.owner.id)
	}
	if resource == "graphql" {
		return b, reply(http.StatusOK, map[string]any{"errors": []any{map[string]any{"type": "RATE_LIMITED", "message": words}}})
	}
	return b, failure(http.StatusForbidden, words, pagePrimary)
}

// tell puts the bucket into the headers of an answer.
func (b budget) tell(a *answer) {
	a.header.Set("X-RateLimit-Limit", itoa(b.limit))
	a.header.Set("X-RateLimit-Remaining", itoa(b.remaining()))
	a.header.Set("X-RateLimit-Used", itoa(b.used))
	a.header.Set("X-RateLimit-Reset", strconv.FormatInt(b.reset.Unix(), 10))
	a.header.Set("X-RateLimit-Resource", b.resource)
}
