package git

import (
	"context"
	"strings"
)

// Refs is what a remote's refs hold.
type Refs struct {
	Default string            // the branch that HEAD names, without refs/heads/; "" where it names none
	IDs     map[string]string // object id by full name: HEAD, refs/heads/main, refs/tags/v1, refs/tags/v1^{}
}

// Commit is the object that a ref stands for: for an annotated tag what it was
// put on, not the tag object. It is "" where there is no such ref.
func (r Refs) Commit(ref string) string {
	if id, ok := r.IDs[ref+"^{}"]; ok {
		return id
	}
	return r.IDs[ref]
}

// LsRemote reads refs of a remote in one call. Patterns are HEAD, full names or
// globs such as refs/tags/v*; none means all refs. Where every pattern is below
// refs/heads/ or refs/tags/, the remote sends no other refs, which matters where
// it keeps one for each pull request there ever was.
func (r Repo) LsRemote(ctx context.Context, remote Remote, patterns ...string) (Refs, error) {
	args := []string{"ls-remote", "--symref"}
	if allBelow("refs/heads/", patterns) {
		args = append(args, "--heads")
	} else if allBelow("refs/tags/", patterns) {
		args = append(args, "--tags")
	}
	args = append(args, "--", remote.URL)
	for _, pattern := range patterns {
		args = append(args, pattern)
		if strings.HasPrefix(pattern, "refs/tags/") {
			args = append(args, pattern+"^{}")
		}
	}
	out, err := r.Run(ctx, Call{Args: args, Remote: &remote})
	if err != nil {
		return Refs{}, err
	}
	return parseRefs(out, patterns), nil
}

func allBelow(prefix string, patterns []string) bool {
	for _, pattern := range patterns {
		if !strings.HasPrefix(pattern, prefix) {
			return false
		}
	}
	return len(patterns) > 0
}

// parseRefs reads the lines "<id>\t<ref>" and "ref: <target>\tHEAD".
func parseRefs(out string, patterns []string) Refs {
	refs := Refs{IDs: map[string]string{}}
	for line := range strings.Lines(out) {
		id, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok || !asked(name, patterns) {
			continue
		}
		if target, symbolic := strings.CutPrefix(id, "ref: "); !symbolic {
			refs.IDs[name] = id
		} else if name == "HEAD" {
			refs.Default = strings.TrimPrefix(target, "refs/heads/")
		}
	}
	return refs
}

// asked reports whether a pattern means this ref. git compares patterns with the
// end of a name, so that refs/heads/main also finds refs/fork/refs/heads/main.
func asked(name string, patterns []string) bool {
	for _, pattern := range patterns {
		if meta := strings.IndexAny(pattern, "*?["); meta >= 0 {
			if strings.HasPrefix(name, pattern[:meta]) {
				return true
			}
		} else if strings.TrimSuffix(name, "^{}") == pattern {
			return true
		}
	}
	return len(patterns) == 0
}
