package testkit

import (
	"net/http"
	"strings"
)

// handshakes are the parts of a handshake, by their paths.
var handshakes = map[string]string{"/v2/": "greeting", "/token": "token"}

// leadAway sends on whoever shakes hands, with the method and the body that he came
// with, unless he comes to the other host.
func (r *Registry) leadAway(w http.ResponseWriter, request *http.Request) bool {
	if address(request) == r.storage {
		return false
	}
	query := signature
	if request.URL.RawQuery != "" {
		query += "&" + request.URL.RawQuery
	}
	http.Redirect(w, request, r.storage+request.URL.Path+"?"+query, http.StatusTemporaryRedirect)
	return true
}

// Stranger is what answers where a registry sends on those who greet it, or who want
// a token of it: it asks for tokens of its own, gives them to everybody, and fails the
// test for those who bring a login. What else it is asked for it has from the registry.
func (r *Registry) Stranger() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if err := request.ParseForm(); err != nil {
			r.t.Errorf("a form that is none came to %s: %v", request.Host, err)
		}
		named := strings.HasPrefix(request.Header.Get("Authorization"), "Basic ")
		if named || request.PostForm.Has("refresh_token") || request.PostForm.Has("password") {
			r.t.Errorf("a login came to a stranger, %s: %s %s", request.Host, request.Method, request.URL.Path)
		}
		switch handshakes[request.URL.Path] {
		case "token":
			w.Write([]byte(`{"token":"of-a-stranger"}`))
		case "greeting":
			if request.Header.Get("Authorization") == "" {
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+address(request)+`/token",service="stranger"`)
				refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
			}
		default:
			replay(w, r.captured(request))
		}
	})
}
