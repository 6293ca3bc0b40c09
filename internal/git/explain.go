package git

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/run"
)

// answer is something that git or a remote says, and what it means.
type answer struct{ text, code, hint string }

const (
	hintCheckedOut = "use `infra-mode: files` to edit the folder in place, or name a bare repository"
	hintRuleset    = "a ruleset refuses the push: use `infra-mode: pull-request`, or let this identity bypass the rule"
	hintProtected  = "the branch is protected: use `infra-mode: pull-request`, or let this identity bypass the rule"
	hintInvisible  = "check owner and name; a token that may not see a repository is told that there is none"
	hintNetwork    = "check the host's name and the network, then run again"
	hintNested     = "a branch or tag cannot have the name of another one's folder (a and a/b): choose another name, or delete the other one"
	hintNobody     = "give a token that may use this repository (`infra-token` or `source-token`; a secret that does not exist is empty), or set up git's own credentials"
	hintRefused    = "the token was refused: see that it has not expired and belongs to this host"
	hintTLS        = "name a file with the certificate authority of this host as `ca-file`, or as GIT_SSL_CAINFO in the environment"
)

// answers are what git says of a run that failed as a whole, most telling first;
// GitHub's own are in its documentation, the others are git's (http.c,
// remote-curl.c, connect.c, setup.c).
var answers = []answer{
	{"detected dubious ownership", "E_GIT_OWNER", "if you trust the folder, add it to git's safe.directory"},
	{"archived so it is read-only", "E_GIT_AUTH", "the repository is archived: name another one"},
	{"could not read Username", "E_GIT_AUTH", hintNobody},
	{"could not read Password", "E_GIT_AUTH", hintNobody},
	{"Authentication failed", "E_GIT_AUTH", hintRefused},
	{"Permission to", "E_GIT_AUTH", "the token may read this repository but not write to it: it needs `contents: write`"},
	{"Write access to repository not granted", "E_GIT_AUTH", "the token may not write to this repository: it needs `contents: write`"},
	{"returned error: 403", "E_GIT_AUTH", "the token may not do this here: it needs `contents: write` on this repository"},
	{"Permission denied (publickey", "E_GIT_AUTH", "give an SSH key that may use this repository, or use its https URL with a token"},
	{"Host key verification failed", "E_GIT_AUTH", "add the host to known_hosts (ssh-keyscan), or use its https URL with a token"},
	{"Repository not found", "E_GIT_NOT_FOUND", hintInvisible},
	{"does not appear to be a git repository", "E_GIT_NOT_FOUND", "name a git repository: owner/name, a URL or a folder"},
	{"returned error: 404", "E_GIT_NOT_FOUND", hintInvisible},
	{"' not found", "E_GIT_NOT_FOUND", hintInvisible},
	{"SSL certificate problem", "E_GIT_TLS", hintTLS},
	{"server certificate verification failed", "E_GIT_TLS", hintTLS},
	{"returned error: 429", "E_GIT_UNREACHABLE", "the host asks for fewer requests: wait, then run again"},
	{"returned error: 5", "E_GIT_UNREACHABLE", "the host has trouble: look at its status page, then run again"},
	{"Could not resolve host", "E_GIT_UNREACHABLE", hintNetwork},
	{"Failed to connect", "E_GIT_UNREACHABLE", hintNetwork},
	{"Couldn't connect to server", "E_GIT_UNREACHABLE", hintNetwork},
	{"Connection refused", "E_GIT_UNREACHABLE", hintNetwork},
	{"Connection reset", "E_GIT_UNREACHABLE", hintNetwork},
	{"timed out", "E_GIT_UNREACHABLE", hintNetwork},
	{"Empty reply from server", "E_GIT_UNREACHABLE", hintNetwork},
	{"RPC failed", "E_GIT_UNREACHABLE", hintNetwork},
}

// ended are git's words for a line that went dead. They follow other failures as well.
var ended = []string{"hung up unexpectedly", "unexpected disconnect"}

// find is the first answer that the text holds.
func find(text string) (answer, bool) {
	for _, a := range answers {
		if strings.Contains(text, a.text) {
			return a, true
		}
	}
	for _, words := range ended {
		before, _, ok := strings.Cut(text, words)
		if ok && !strings.Contains(before[:strings.LastIndexByte(before, '\n')+1], "fatal: ") { // no earlier line says why
			return answer{words, "E_GIT_UNREACHABLE", hintNetwork}, true
		}
	}
	return answer{}, false
}

// trust is the command by which git would accept the folder that it refuses, as
// git itself spells it.
var trust = pattern.New(`(?m)^\s*(git config --global --add safe\.directory .+)$`)

// explain turns a failure of git into one that a user can act on, and takes
// every secret out of it.
func explain(err error, remote *Remote) error {
	failed, ok := errors.AsType[*run.Error](err)
	if !ok {
		return err
	}
	clean := *failed
	clean.Stderr = remote.redact(failed.Stderr)
	a, known := find(clean.Stderr)
	if !known {
		return about(remote, &clean)
	}
	if remote != nil && remote.Token != "" && strings.HasPrefix(a.text, "could not read") {
		a.hint = hintRefused // git asks for a password only after the token failed
	}
	if command := trust.FindStringSubmatch(clean.Stderr); a.code == "E_GIT_OWNER" && command != nil {
		a.hint = "if you trust the folder: " + command[1]
	}
	return fault.New(a.code, a.hint, about(remote, &clean))
}

// about names the remote in front of err.
func about(remote *Remote, err error) error {
	if remote == nil {
		return err
	}
	return fmt.Errorf("%s: %w", redactURLs(remote.URL), err)
}
