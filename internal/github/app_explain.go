package github

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// explain says what an App's refusals mean, which are told by words that do not.
func (s *AppTokens) explain(err error) error {
	err = Explain(err)
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	said := strings.ToLower(e.Message)
	hint := ""
	switch {
	case e.Status == http.StatusUnauthorized && strings.Contains(said, "claim"):
		hint = "the clock of this machine is wrong by more than a minute: set it"
	case strings.Contains(said, "integration not found"):
		hint = "no app of this GitHub has this id: copy the app id or client id from the app's settings"
	case e.Status == http.StatusUnauthorized:
		hint = "the id and the private key are of different apps, or the key was deleted: take both from the settings of one app"
	case e.Kind == NotFound:
		hint = fmt.Sprintf("install the app on %s: the app's settings → Install App; if only some repositories are selected there, add this one", s.app.Repository)
	case strings.Contains(said, "permissions requested are not granted"):
		hint = s.grant()
	case strings.Contains(said, "at least one repository that does not exist"):
		hint = fmt.Sprintf("let the app's installation have %s (Repository access), and name the repository as it is called now", s.app.Repository)
	case e.Kind == Denied && strings.Contains(said, "suspended"):
		hint = hintSuspended
	default:
		return err // a limit, the network: nothing of the app's
	}
	return fault.New("E_GITHUB_APP", hint, fmt.Errorf("app %s on %s: %w", s.app.ID, s.app.Repository, e))
}

// grant names the permissions that the installation lacks.
func (s *AppTokens) grant() string {
	missing := strings.Join(s.app.Permissions.beyond(s.installation.GetPermissions()), ", ")
	if missing != "" {
		missing = " (" + missing + ")"
	}
	return "grant them in the app's settings → Permissions & events" + missing + ", then accept the request in the installation"
}

func (s *AppTokens) suspended() error {
	e := &Error{Kind: Denied, Status: http.StatusForbidden, Message: "the installation is suspended"}
	return fault.New("E_GITHUB_APP", hintSuspended, fmt.Errorf("app %s on %s: %w", s.app.ID, s.app.Repository, e))
}
