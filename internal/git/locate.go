package git

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// The forms that name a repository without a scheme. A host of one letter is a
// drive of Windows.
var (
	ownerName = pattern.New(`^[A-Za-z0-9][\w.-]*/[\w.-]+$`)
	scpLike   = pattern.New(`^([\w.-]+@)?[\w.-]{2,}:[^:]`)
)

const hintLocate = "write owner/name, an https or ssh URL, or a folder (./folder)"

// Locate turns what a user writes into a Remote, still without its token:
//
//   - ./folder, ../folder, /folder, ~/folder and the name of a folder that
//     exists are that folder, made absolute;
//   - https://, http://, ssh://, git:// and file:// URLs, and git@host:path, are
//     taken as they are;
//   - owner/name is a repository of serverURL (https://github.com where that is "").
//
// So a folder that is there is preferred to a repository of the same name on the
// server, which can still be named by its URL. It fails with E_GIT_URL, or
// E_GIT_URL_SECRET where the URL holds credentials.
func Locate(s, serverURL string) (Remote, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "" || strings.HasPrefix(s, "-") || strings.ContainsAny(s, "\n\r\x00"):
		return Remote{}, fault.Newf("E_GIT_URL", hintLocate, "%q names no repository", redactURLs(s))
	case strings.Contains(s, "://"):
		return locateURL(s)
	case strings.Contains(s, "::"): // ext::command and its like: git would run a program
		return Remote{}, fault.Newf("E_GIT_URL", hintLocate, "%q names a remote helper", s)
	case strings.HasPrefix(s, "~"):
		return locateHome(s)
	case isFolder(s):
		return locateFolder(s)
	case filepath.IsAbs(s), s == ".", s == "..", strings.HasPrefix(s, "./"), strings.HasPrefix(s, "../"):
		return Remote{}, fault.Newf("E_GIT_URL", "check the path; it is relative to the working folder", "there is no folder %q", s)
	case ownerName.MatchString(s):
		if serverURL == "" {
			serverURL = "https://github.com"
		}
		return locateURL(strings.TrimRight(serverURL, "/") + "/" + strings.TrimSuffix(s, ".git") + ".git")
	case scpLike.MatchString(s):
		return Remote{URL: s}, nil
	}
	return Remote{}, fault.Newf("E_GIT_URL", hintLocate, "%q is neither owner/name, a URL, nor a folder that exists", s)
}

func locateURL(s string) (Remote, error) {
	scheme, rest, _ := strings.Cut(s, "://")
	switch strings.ToLower(scheme) {
	case "https", "http", "ssh", "git":
	case "file":
		if !strings.HasPrefix(rest, "/") {
			return Remote{}, fault.Newf("E_GIT_URL", "write file:///folder, with three slashes", "%q names no folder", redactURLs(s))
		}
	default:
		return Remote{}, fault.Newf("E_GIT_URL", hintLocate, "%q has a scheme that is not supported: https, http, ssh, git and file are", redactURLs(s))
	}
	r := Remote{URL: strings.ToLower(scheme) + "://" + rest}
	return r, r.check()
}

func locateHome(s string) (Remote, error) {
	rest := strings.TrimPrefix(s, "~")
	home, err := os.UserHomeDir()
	if err != nil || rest != "" && !strings.HasPrefix(rest, "/") {
		return Remote{}, fault.Newf("E_GIT_URL", "write the whole path", "%q cannot be expanded", s)
	}
	if !isFolder(home + rest) {
		return Remote{}, fault.Newf("E_GIT_URL", "check the path", "there is no folder %q", s)
	}
	return locateFolder(home + rest)
}

func locateFolder(s string) (Remote, error) {
	abs, err := filepath.Abs(s)
	return Remote{URL: abs}, err
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
