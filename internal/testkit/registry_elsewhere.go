package testkit

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
)

// signature is what an address of the storage carries in the place of a login.
const signature = "X-Amz-Signature=testkit"

// RegistryRedirects has some things at another address, such as
// https://storage.example: of "manifests", "blobs" and "uploads", those that are
// named, where Storage answers; and of "greeting" and "token" those, where Stranger
// does.
func RegistryRedirects(storage string, kinds ...string) RegistryOption {
	return func(r *Registry) {
		r.storage = storage
		r.manners = append([]manner{func(w http.ResponseWriter, request *http.Request, _ call) bool {
			return slices.Contains(kinds, handshakes[request.URL.Path]) && r.leadAway(w, request)
		}}, r.manners...)
		r.manners = append(r.manners, func(w http.ResponseWriter, request *http.Request, c call) bool {
			if c.uploads() && slices.Contains(kinds, "uploads") {
				return r.uploadElsewhere(w, request)
			}
			return !c.writes && slices.Contains(kinds, c.kind) && r.redirect(w, request, c, c.kind)
		})
	}
}

// redirect sends a reader to the storage if it is there that the thing is.
func (r *Registry) redirect(w http.ResponseWriter, request *http.Request, c call, kind string) bool {
	if c.kind != kind || r.ask(http.MethodHead, request.URL.Path).Code != http.StatusOK {
		return false
	}
	http.Redirect(w, request, r.storage+request.URL.Path+"?"+signature, http.StatusTemporaryRedirect)
	return true
}

// uploadElsewhere begins an upload whose address is one of the storage.
func (r *Registry) uploadElsewhere(w http.ResponseWriter, request *http.Request) bool {
	if request.Method != http.MethodPost {
		return false
	}
	answer := r.captured(request)
	w.Header().Set("Location", r.storage+answer.Header().Get("Location")+"?"+signature)
	w.WriteHeader(answer.Code)
	return true
}

// Storage is what answers where a registry's redirects lead: it takes everybody
// who has the whole address, and fails the test for those who bring a login.
func (r *Registry) Storage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		c := newCall(request)
		if request.Header.Get("Authorization") != "" {
			r.t.Errorf("a login came to the storage %s: %s %s", request.Host, request.Method, request.URL.Path)
		}
		if !strings.Contains(request.URL.RawQuery, signature) {
			r.t.Errorf("the address of the storage was not followed as it is: %s %s", request.Method, request.URL)
			http.Error(w, "AccessDenied", http.StatusForbidden)
			return
		}
		if c.writes && !c.uploads() {
			r.t.Errorf("the storage was not taught %s %s", request.Method, request.URL.Path)
		}
		answer := r.captured(request)
		if location := answer.Header().Get("Location"); location != "" {
			answer.Header().Set("Location", location+"?"+signature)
		}
		replay(w, answer)
	})
}

// replay is an answer once more.
func replay(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	w.Write(answer.Body.Bytes())
}
