package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Folder is a docker configuration that we write for other programs: config.json
// with our logins and all that the other configuration says, and links to whatever
// else that one has, so that plug-ins, contexts and builders are found. A mark in it
// tells that it is ours.
type Folder struct {
	Dir  string `json:"-"`
	Base string `json:"base"` // the other configuration; "" or a missing folder is an empty one
	Was  string `json:"was"`  // DOCKER_CONFIG before; may be ""

	Made  bool     `json:"made"`  // the folder was not there before
	Links []string `json:"links"` // what was linked
}

// markFile holds a Folder.
const markFile = ".tagboat-login.json"

// configFile is docker's.
const configFile = "config.json"

// Entry is a login to write.
type Entry struct {
	Host string
	Auth authn.AuthConfig
}

// WriteDockerConfig adds logins to the folder dir, which is made (0700), empty, or
// one of ours already. The first time it takes all other settings from the folder
// base; was is what Remove tells that DOCKER_CONFIG is to be again.
func WriteDockerConfig(dir, base, was string, entries ...Entry) error {
	f, ours, err := Marked(dir)
	if err != nil {
		return err
	}
	settings := dir
	if !ours {
		f = Folder{Dir: dir, Base: base, Was: was}
		settings = base
		if base != "" && filepath.Clean(base) == filepath.Clean(dir) {
			return fault.Newf("E_DOCKER_CONFIG", hintFolder, "%s is the folder whose settings are taken over", dir)
		}
		if err := f.make(); err != nil {
			return err
		}
	}
	if err := f.link(); err != nil {
		return err
	}
	return f.write(settings, entries)
}

// Marked is the folder, if it is one of ours.
func Marked(dir string) (f Folder, ours bool, err error) {
	data, err := os.ReadFile(filepath.Join(dir, markFile))
	if errors.Is(err, fs.ErrNotExist) || dir == "" {
		return Folder{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil {
		return Folder{}, false, fault.New("E_DOCKER_CONFIG", "remove the folder, or name another one with `--docker-config`", fmt.Errorf("docker configuration %s: its mark: %w", dir, err))
	}
	f.Dir = dir
	return f, true, nil
}

const hintFolder = "name a folder that is empty or does not exist with `--docker-config`"

// make makes the folder and its mark, before anything secret is in it.
func (f *Folder) make() error {
	if err := os.MkdirAll(filepath.Dir(f.Dir), 0o755); err != nil {
		return fault.New("E_DOCKER_CONFIG", hintFolder, err)
	}
	err := os.Mkdir(f.Dir, 0o700)
	f.Made = err == nil
	if errors.Is(err, fs.ErrExist) {
		err = emptyFolder(f.Dir)
	}
	if err == nil {
		err = os.Chmod(f.Dir, 0o700)
	}
	if err != nil {
		return fault.New("E_DOCKER_CONFIG", hintFolder, fmt.Errorf("docker configuration: %w", err))
	}
	return f.mark()
}

// emptyFolder fails where a folder that is there cannot become ours.
func emptyFolder(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder", dir)
	}
	if inside, err := os.ReadDir(dir); err != nil || len(inside) > 0 {
		return errors.Join(err, fmt.Errorf("%s has files that tagboat did not write", dir))
	}
	return nil
}

func (f *Folder) mark() error {
	data, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		return err
	}
	return replace(filepath.Join(f.Dir, markFile), data)
}

// outliving are folders of a docker configuration that other steps write to: they
// are made where they are missing, so that what is put there stays when we go.
var outliving = []string{"buildx", "cli-plugins", "contexts"}

// link links what the other configuration has beside its config.json.
func (f *Folder) link() error {
	if f.Base == "" {
		return nil
	}
	for _, name := range outliving {
		os.MkdirAll(filepath.Join(f.Base, name), 0o700) // where it cannot be made, nobody can put anything there
	}
	there, err := os.ReadDir(f.Base)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fault.New("E_DOCKER_CONFIG", "let this user read the folder, or set DOCKER_CONFIG to another one", err)
	}
	var links []string
	for _, entry := range there {
		if rank(entry.Name()) != others {
			continue
		}
		at := filepath.Join(f.Dir, entry.Name())
		if _, err := os.Lstat(at); err == nil {
			continue
		}
		target, err := filepath.EvalSymlinks(filepath.Join(f.Base, entry.Name()))
		if err != nil {
			continue // a link that leads nowhere leads nowhere from here, too
		}
		if target, err = filepath.Abs(target); err == nil {
			err = os.Symlink(target, at)
		}
		if err != nil {
			return fault.New("E_DOCKER_CONFIG", "name a folder on a file system with symbolic links with `--docker-config`", err)
		}
		links = append(links, entry.Name())
	}
	if len(links) == 0 {
		return nil
	}
	f.Links = append(f.Links, links...)
	return f.mark()
}

// Remove takes away what was written, the logins first, and the folder if that
// leaves it empty and it was not there before. left is what others have put there.
func (f Folder) Remove() (left []string, err error) {
	there, err := os.ReadDir(f.Dir)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(there, func(a, b fs.DirEntry) int { return rank(a.Name()) - rank(b.Name()) })
	for _, entry := range there {
		name := entry.Name()
		linked := entry.Type()&fs.ModeSymlink != 0 && slices.Contains(f.Links, name)
		if !linked && rank(name) == others {
			left = append(left, name)
			continue
		}
		if err := os.Remove(filepath.Join(f.Dir, name)); err != nil {
			return left, err
		}
	}
	if f.Made && len(left) == 0 {
		err = os.Remove(f.Dir)
	}
	return left, err
}

// What may stand in a folder, in the order in which it goes: logins first and the
// mark last, so that what is left half done can be done again.
const (
	logins = iota
	others
	marks
)

func rank(name string) int {
	switch {
	case strings.HasPrefix(name, configFile):
		return logins
	case strings.HasPrefix(name, markFile):
		return marks
	}
	return others
}
