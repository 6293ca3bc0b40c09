package registry_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// busy refuses uploads of blobs for a minute, until it has been asked as many times.
func busy(reg http.Handler, times int32) http.HandlerFunc {
	var asked atomic.Int32
	return func(w http.ResponseWriter, request *http.Request) {
		if request.Method == http.MethodPatch && asked.Add(1) <= times {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		reg.ServeHTTP(w, request)
	}
}

// What four streams wait at the same time is one wait.
func TestWaitsAtOnceAreOne(t *testing.T) {
	for minutes, code := range map[int]string{1: "", 2: "", 5: "", 6: "E_REGISTRY_LIMIT"} {
		t.Run(fmt.Sprint(minutes, " minutes"), func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			dir, digest := onDisk(t, randomImage(t, 100, 7)) // eight blobs: each stream brings one
			r := registry.PushRequest{Layout: dir, Digest: digest, Tags: []registry.Tag{{Name: "main"}},
				Repositories: []ref.Repository{repository(t, reg.Host+"/acme/web")}}
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := byTheClock(inside(busy(reg, int32(4*minutes))), io.Discard).Push(t.Context(), r)
				if code != "" {
					if !fault.Is(err, code) {
						t.Errorf("got %v, want %s", err, code)
					}
					return
				}
				if took := time.Since(began); err != nil || took < time.Duration(minutes)*time.Minute || took > time.Duration(minutes)*time.Minute+time.Second {
					t.Errorf("after %s: %v", took, err)
				}
			})
		})
	}
}

// All waits of one session have a bound, also where each thing waits only once.
func TestWaitsHaveABound(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Put("acme/web", "main", randomImage(t, 100, 1))
	web := image(t, reg.Host+"/acme/web:main")
	synctest.Test(t, func(t *testing.T) {
		client := byTheClock(inside(reg), io.Discard)
		for question := range 7 {
			reg.Fail(testkit.RegistryFailure{Method: "HEAD", Status: 429, Times: 1, Header: http.Header{"Retry-After": {"60"}}})
			_, err := client.Resolve(t.Context(), web)
			if question < 5 && err != nil || question == 5 && !fault.Is(err, "E_REGISTRY_LIMIT") {
				t.Fatalf("question %d: %v", question, err)
			}
			reg.Heal()
		}
	})
}

func TestRetryAfterACentury(t *testing.T) {
	for _, told := range []string{"2147483648", "9999999999999999999999"} {
		reg := testkit.NewRegistry(t)
		reg.Fail(testkit.RegistryFailure{Method: "HEAD", Status: 429, Header: http.Header{"Retry-After": {told}}})
		var log strings.Builder
		client, s := patientClient(&log)
		if _, err := client.Push(t.Context(), oneBlob(t, reg)); !fault.Is(err, "E_REGISTRY_LIMIT") || len(s.slept) != 0 {
			t.Errorf("%s: slept %v, %v", told, s.slept, err)
		}
	}
}

// The answer to a HEAD has no words. They are asked for, but trouble that stays is
// not waited for twice.
func TestWordsAreAskedForOnce(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Fail(testkit.RegistryFailure{Path: "/manifests/", Status: 503, Code: "UNAVAILABLE", Message: "we move to another disk"})
	var log strings.Builder
	client, s := patientClient(&log)
	_, err := client.Resolve(t.Context(), image(t, reg.Host+"/acme/web:main"))
	check(t, err, "E_REGISTRY", "we move to another disk", "")
	if diff := cmp.Diff([]time.Duration{time.Second, 3 * time.Second}, s.slept); diff != "" {
		t.Error(diff)
	}
	if n := reg.Count("GET", "/manifests/"); n != 1 {
		t.Errorf("asked for the words %d times", n)
	}
}
