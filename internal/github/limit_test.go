package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	gogithub "github.com/google/go-github/v62/github"

	"github.com/google/go-cmp/cmp"
)

var reference = &gogithub.Reference{Ref: gogithub.String("refs/heads/x"), Object: &gogithub.GitObject{SHA: gogithub.String(strings.Repeat("a", 40))}}

const (
	mainRef       = `{"ref":"refs/heads/main","object":{"sha":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","type":"commit"}}`
	primaryBody   = `{"message":"API rate limit exceeded for installation ID 7001.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api","status":"403"}`
	secondaryBody = `{"documentation_url":"https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits","message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`
	abuseBody     = `{"message":"You have triggered an abuse detection mechanism. Please wait a few minutes before you try again."}`
	graphLimited  = `{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded for installation ID 7001."}]}`
	graphLimited2 = `{"data":{"x":null},"errors":[{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}]}`
	graphFine     = `{"data":{"viewer":{"login":"x"}}}`
)

// limits are the forms in which GitHub tells a limit, and the least and most that is
// waited for it.
func limits(now time.Time) map[string]struct {
	answer      http.HandlerFunc
	graphQL     bool
	least, most time.Duration
	name        string
} {
	reset := fmt.Sprint(now.Add(600 * time.Second).Unix())
	past := fmt.Sprint(now.Add(-time.Second).Unix())
	return map[string]struct {
		answer      http.HandlerFunc
		graphQL     bool
		least, most time.Duration
		name        string
	}{
		"403, nothing remaining":         {says(403, primaryBody, "x-ratelimit-remaining", "0", "x-ratelimit-reset", reset, "x-ratelimit-resource", "core"), false, 600 * time.Second, 662 * time.Second, "rate limit of core"},
		"429, nothing remaining":         {says(429, primaryBody, "x-ratelimit-remaining", "0", "x-ratelimit-reset", reset, "x-ratelimit-resource", "core"), false, 600 * time.Second, 662 * time.Second, "rate limit of core"},
		"nothing remaining, no text":     {says(403, `{"message":"Forbidden"}`, "x-ratelimit-remaining", "0", "x-ratelimit-reset", reset), false, 600 * time.Second, 662 * time.Second, "rate limit"},
		"reset just past":                {says(403, primaryBody, "x-ratelimit-remaining", "0", "x-ratelimit-reset", past), false, time.Second, 2 * time.Second, "rate limit"},
		"403 with retry-after":           {says(403, secondaryBody, "retry-after", "60", "x-ratelimit-remaining", "4000"), false, 60 * time.Second, 66 * time.Second, "secondary rate limit"},
		"429 with retry-after, no words": {says(429, `<html>slow down</html>`, "retry-after", "7"), false, 7 * time.Second, 8 * time.Second, "secondary rate limit"},
		"403 with retry-after, no words": {says(403, `slow down`, "retry-after", "7"), false, 7 * time.Second, 8 * time.Second, "secondary rate limit"},
		"retry-after is a date":          {says(429, ``, "retry-after", now.Add(90*time.Second).Format(http.TimeFormat)), false, 90 * time.Second, 99 * time.Second, "secondary rate limit"},
		"retry-after wins":               {says(403, secondaryBody, "retry-after", "30", "x-ratelimit-remaining", "0", "x-ratelimit-reset", reset), false, 30 * time.Second, 33 * time.Second, "secondary rate limit"},
		"403 without a time":             {says(403, secondaryBody), false, time.Minute, 66 * time.Second, "secondary rate limit"},
		"documentation alone":            {says(403, `{"message":"Slow down","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`), false, time.Minute, 66 * time.Second, "secondary rate limit"},
		"the old text":                   {says(403, abuseBody), false, time.Minute, 66 * time.Second, "secondary rate limit"},
		"retry-after is nonsense":        {says(429, ``, "retry-after", "-3"), false, time.Minute, 66 * time.Second, "secondary rate limit"},
		"GraphQL, 200":                   {says(200, graphLimited, "x-ratelimit-remaining", "0", "x-ratelimit-reset", reset, "x-ratelimit-resource", "graphql"), true, 600 * time.Second, 662 * time.Second, "rate limit of graphql"},
		"GraphQL, 200, secondary":        {says(200, graphLimited2, "retry-after", "60"), true, 60 * time.Second, 66 * time.Second, "secondary rate limit"},
		"GraphQL, 403, secondary":        {says(403, secondaryBody), true, time.Minute, 66 * time.Second, "secondary rate limit"},
	}
}

func TestALimitIsWaitedForAndTheRequestSentAgain(t *testing.T) {
	for name, c := range limits(newWorld(t).now) {
		calls, fine := []func(context.Context, *Client) error{get, create}, says(200, mainRef)
		if c.graphQL {
			calls, fine = []func(context.Context, *Client) error{query, mutate}, says(200, graphFine)
		}
		for i, call := range calls {
			t.Run(fmt.Sprint(name, i), func(t *testing.T) {
				w := newWorld(t, c.answer, fine, fine)
				client := w.client()
				meets(t, call(t.Context(), client), Other, "")
				if len(w.slept) != 1 || w.slept[0] < c.least || w.slept[0] > c.most {
					t.Errorf("waited %v, want %v to %v", w.slept, c.least, c.most)
				}
				if asked := w.requests(); len(asked) != 2 || asked[0] != asked[1] {
					t.Errorf("asked %q", asked)
				}
				if log := w.log.String(); strings.Count(log, "\n") != 1 || !strings.HasPrefix(log, "GitHub: "+c.name+": waiting ") {
					t.Errorf("the log says %q", log)
				}
				meets(t, call(t.Context(), client), Other, "") // go-github does not block by itself
			})
		}
	}
}

func TestALimitBeyondTheDeadlineFailsAtOnce(t *testing.T) {
	for name, c := range limits(newWorld(t).now) {
		if c.least < 5*time.Second {
			continue
		}
		call := create
		if c.graphQL {
			call = mutate
		}
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.answer)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			err := call(ctx, w.client())
			meets(t, err, Limited, "E_GITHUB_LIMIT")
			if len(w.slept) > 0 || err != nil && !strings.Contains(err.Error(), c.name+": it ends at 12:") {
				t.Errorf("slept %v; %v", w.slept, err)
			}
		})
	}
}

func TestALimitThatStaysEndsTheRequest(t *testing.T) {
	var answers []http.HandlerFunc
	for range maxWaits + 1 {
		answers = append(answers, says(403, secondaryBody))
	}
	w := newWorld(t, answers...)
	meets(t, get(t.Context(), w.client()), Limited, "E_GITHUB_LIMIT")
	var whole []int
	for _, d := range w.slept {
		whole = append(whole, int(d/time.Minute))
	}
	if diff := cmp.Diff([]int{1, 2, 4, 8, 16}, whole); diff != "" {
		t.Errorf("minutes: -want +got:\n%s", diff)
	}
}

func TestALimitOfMoreThanAnHourIsNotWaitedFor(t *testing.T) {
	for name, headers := range map[string][]string{
		"retry-after": {"retry-after", "99999999999"},
		"reset":       {"x-ratelimit-remaining", "0", "x-ratelimit-reset", "32503680000"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, says(429, "", headers...))
			meets(t, get(t.Context(), w.client()), Limited, "E_GITHUB_LIMIT")
			if len(w.slept) > 0 {
				t.Errorf("slept %v", w.slept)
			}
		})
	}
}

// A refusal for another reason, on the last request that was allowed.
func TestAPermissionThatIsMissingIsNoLimit(t *testing.T) {
	w := newWorld(t, says(403, `{"message":"Resource not accessible by integration"}`, "x-ratelimit-remaining", "0", "x-ratelimit-reset", "1795348800"))
	meets(t, get(t.Context(), w.client()), Denied, "E_GITHUB_AUTH")
}

// The last request that is allowed says 0 remaining, and is no reason not to ask.
func TestNothingRemainingIsNoLimitYet(t *testing.T) {
	fine := says(200, mainRef, "x-ratelimit-remaining", "0", "x-ratelimit-reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
	w := newWorld(t, fine, fine)
	c := w.client()
	meets(t, get(t.Context(), c), Other, "")
	meets(t, get(t.Context(), c), Other, "")
}
