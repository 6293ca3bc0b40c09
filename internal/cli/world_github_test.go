package cli_test

import (
	"net/http"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-96940006/tagboat/internal/testkit/hub"
)

// github lets the GitHub of the script, which was started before, answer for
// github.com and api.github.com.
func worldGitHub(ts *testscript.TestScript, w *scriptWorld, _ []string) {
	w.openGitHub(ts.Value(gitHubKey{}).(*gitHub).hub)
	ts.Setenv("GIT_SSL_CAINFO", w.CAFile()) // git reads the system's authorities, which the world's is not among
}

func (w *scriptWorld) openGitHub(h *hub.Hub) {
	w.open("github.com", h)
	w.open("api.github.com", apiOf(h))
}

// apiOf serves a hub, which has the addresses of an enterprise's server, as
// github.com does.
func apiOf(h *hub.Hub) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		path := "/api/v3" + request.URL.Path
		if request.URL.Path == "/graphql" {
			path = "/api/graphql"
		}
		request.URL.Path, request.URL.RawPath = path, ""
		h.ServeHTTP(w, request)
	})
}
