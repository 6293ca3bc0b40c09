package infra

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/git"
)

// fetch brings a commit with its trees into the scratch repository, and as many
// commits before it as depth says; the blobs only from remotes that cannot leave
// them out.
func (g *Git) fetch(ctx context.Context, depth int, from, to string) error {
	return g.fetchAll(ctx, depth, []string{"+" + from + ":" + to})
}

// fetchAll is fetch of several commits at once.
func (g *Git) fetchAll(ctx context.Context, depth int, refspecs []string) error {
	_, err := g.repo.Run(ctx, g.fetchCall(append([]string{"--depth=" + strconv.Itoa(depth), "origin"}, refspecs...)...))
	return err
}

// fetchBlobs brings single blobs.
func (g *Git) fetchBlobs(ctx context.Context, ids []string) error {
	call := g.fetchCall("--stdin", "origin")
	call.Stdin = strings.NewReader(strings.Join(ids, "\n") + "\n")
	// What is already here says nothing about which blobs are missing.
	call.Config = append(call.Config, git.Setting{Key: "fetch.negotiationAlgorithm", Value: "noop"})
	_, err := g.repo.Run(ctx, call)
	return err
}

// fetchCall is a git fetch of nothing but what args name.
//
// The settings of a partial fetch live in the environment of this one call.
// Written to the configuration, they would make every later look at a missing
// blob a request of its own.
func (g *Git) fetchCall(args ...string) git.Call {
	settings := []git.Setting{
		{Key: "remote.origin.url", Value: g.o.Remote.URL},
		{Key: "fetch.writeCommitGraph", Value: "false"},
		{Key: "fetch.unpackLimit", Value: "1"}, // one pack instead of a file for each object
	}
	if !g.whole {
		settings = append(settings,
			git.Setting{Key: "remote.origin.promisor", Value: "true"},
			git.Setting{Key: "remote.origin.partialclonefilter", Value: "blob:none"})
	}
	args = append([]string{"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"}, args...)
	return git.Call{Args: args, Config: settings, Remote: &g.o.Remote}
}

// unadvertised reports whether a remote refused to send an object because no
// ref names it: servers that speak protocol version 0, and any server once the
// branch has left the commit behind.
func unadvertised(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "unadvertised object") || strings.Contains(err.Error(), "not our ref"))
}

// fetchHead fetches the branch's head and gives the commit that it is by now. Other
// commits come in the same request; what of them is gone does not come at all.
func (g *Git) fetchHead(ctx context.Context, branch, head string, others ...string) (string, error) {
	if g.o.Remote.Folder() != "" || g.head == head && len(others) == 0 {
		return head, nil
	}
	wanted := others
	if g.head != head {
		wanted = append([]string{"+" + head + ":" + refHead}, others...)
	}
	err := g.fetchAll(ctx, 1, wanted)
	if unadvertised(err) && len(others) > 0 {
		for _, other := range others {
			if err := g.fetchAll(ctx, 1, []string{other}); err != nil && !unadvertised(err) {
				return head, err
			}
		}
		return g.fetchHead(ctx, branch, head)
	}
	if unadvertised(err) {
		if err = g.fetch(ctx, 1, "refs/heads/"+branch, refHead); err == nil {
			head, err = g.repo.Run(ctx, git.Call{Args: []string{"rev-parse", refHead}})
		}
	}
	if err == nil {
		g.head = head
	}
	return head, err
}

// list is every path of a commit that is no folder, sorted as git sorts.
func (g *Git) list(ctx context.Context, commit string) ([]entry, error) {
	out, err := g.repo.Run(ctx, git.Call{Args: []string{"ls-tree", "-r", "-z", "--full-tree", commit}})
	if folder := g.o.Remote.Folder(); err != nil && folder != "" && partial(ctx, folder) {
		return nil, fault.New("E_REPO_PARTIAL", hintPartial, fmt.Errorf("%s is a partial clone that lacks folders of commit %s: %w", folder, commit, err))
	}
	if err != nil {
		return nil, err
	}
	var entries []entry
	for line := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		meta, name, _ := strings.Cut(line, "\t")
		fields := strings.Fields(meta) // mode, type, id
		if len(fields) == 3 {
			entries = append(entries, entry{path: name, mode: fileMode(fields[0]), id: fields[2]})
		}
	}
	return entries, nil
}

const hintPartial = "name the repository that it was cloned from instead"

// partial reports whether a folder is a clone that leaves objects to its remote.
func partial(ctx context.Context, folder string) bool {
	call := git.Call{Args: []string{"config", "--get-regexp", `^remote\..*\.(promisor|partialclonefilter)$`}}
	_, err := git.Repo{Dir: folder}.Run(ctx, call)
	return err == nil
}

// fileMode is what git's octal mode means.
func fileMode(mode string) fs.FileMode {
	switch {
	case mode == "100755":
		return 0o755
	case strings.HasPrefix(mode, "100"): // 100664 is in old repositories
		return 0o644
	case mode == "120000":
		return fs.ModeSymlink | 0o777
	}
	return fs.ModeIrregular // 160000, a submodule
}

// blobs is the content of the wanted files by object id. What is not here yet is
// fetched at once. With an error it is what could be had.
func (g *Git) blobs(ctx context.Context, branch, head string, wanted []entry) (map[string][]byte, error) {
	ids := make([]string, len(wanted))
	for i, e := range wanted {
		ids[i] = e.id
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	found, missing, err := g.objects(ctx, ids)
	if err != nil || len(missing) == 0 {
		return found, err
	}
	if folder := g.o.Remote.Folder(); folder != "" {
		return found, fault.Newf("E_REPO_PARTIAL", hintPartial, "%s is a partial clone that lacks %d of the files to read", folder, len(missing))
	}
	if err = g.fetchBlobs(ctx, missing); unadvertised(err) {
		err = g.refetch(ctx, branch, head)
	}
	if err != nil {
		return found, err
	}
	if found, missing, err = g.objects(ctx, ids); err == nil && len(missing) > 0 {
		err = fmt.Errorf("%s did not send %d of the files to read", g.o.Remote.URL, len(missing))
	}
	return found, err
}

// refetch begins anew with a fetch that leaves nothing out, for remotes that
// filter but do not serve single blobs.
func (g *Git) refetch(ctx context.Context, branch, head string) error {
	for _, name := range []string{"objects", "refs", "packed-refs", "shallow"} {
		if err := os.RemoveAll(filepath.Join(g.scratch, name)); err != nil {
			return err
		}
	}
	g.ready, g.head, g.whole = false, "", true
	if err := g.prepare(ctx, head); err != nil {
		return err
	}
	now, err := g.fetchHead(ctx, branch, head)
	if err == nil && now != head {
		return fmt.Errorf("%s: %w", branch, ErrStale)
	}
	return err
}

// objects reads objects by id and says which of them are not here.
func (g *Git) objects(ctx context.Context, ids []string) (found map[string][]byte, missing []string, err error) {
	found = map[string][]byte{}
	if len(ids) == 0 {
		return found, nil, nil
	}
	var out bytes.Buffer
	stdin := strings.NewReader(strings.Join(ids, "\n") + "\n")
	if _, err := g.repo.Run(ctx, git.Call{Args: []string{"cat-file", "--batch"}, Stdin: stdin, Stdout: &out}); err != nil {
		return nil, nil, err
	}
	// "<id> <type> <size>\n<content>\n", or "<id> missing\n"
	rest := out.Bytes()
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		fields := strings.Fields(string(line))
		if len(fields) == 2 {
			missing, rest = append(missing, fields[0]), after
			continue
		}
		size := -1
		if len(fields) == 3 {
			size, err = strconv.Atoi(fields[2])
		}
		if err != nil || size < 0 || size >= len(after) {
			return nil, nil, fmt.Errorf("git cat-file: unexpected output %q", line)
		}
		found[fields[0]], rest = after[:size:size], after[size+1:]
	}
	return found, missing, nil
}
