package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/login"
)

// logoutCmd removes what login has written.
type logoutCmd struct {
	dockerConfigInputs
}

// Help teaches by examples.
func (logoutCmd) Help() string {
	return `Nothing is removed that tagboat login did not write.

Examples:
  eval "$(tagboat logout)"
  tagboat logout --docker-config ./docker`
}

// Run removes the folder of the login, and makes DOCKER_CONFIG what it was.
func (c *logoutCmd) Run(_ context.Context, a *app) error {
	_, now := a.dockerFolder()
	folder := cmp.Or(a.loginFolderOf(c.DockerConfig, now), now)
	f, ours, err := login.Marked(folder)
	switch {
	case err != nil:
		return err
	case !ours && c.DockerConfig != "" && isThere(folder):
		return fault.Newf("E_DOCKER_CONFIG", "remove it yourself, or name the folder that `tagboat login` wrote", "%s was not written by tagboat login", folder)
	case !ours:
		a.Printf("There is no login of tagboat to end.")
		return nil
	}
	left, err := f.Remove()
	if err != nil {
		return err
	}
	a.Printf("The logins in %s are removed.", folder)
	if len(left) > 0 {
		a.Printf("The folder stays: others have put %s there.", strings.Join(left, ", "))
	}
	if now != folder {
		return nil
	}
	if a.InActions {
		return a.Export("DOCKER_CONFIG", f.Was)
	}
	return a.Print(shellVariable("DOCKER_CONFIG", f.Was))
}

// dockerFolder is the folder of docker's configuration, and DOCKER_CONFIG, which
// may be unset.
func (a *app) dockerFolder() (folder, variable string) {
	variable = a.world.Getenv("DOCKER_CONFIG")
	home := cmp.Or(a.world.Getenv("HOME"), a.world.Getenv("USERPROFILE"))
	if variable == "" && home != "" {
		return filepath.Join(home, ".docker"), ""
	}
	return variable, variable
}

// loginFolder is where logins are written: where it is asked for, where they were
// written before, or a new folder.
func (a *app) loginFolder(asked, now string) string {
	if folder := a.loginFolderOf(asked, now); folder != "" {
		return folder
	}
	return filepath.Join(a.Temp, "tagboat-docker-"+rand.Text())
}

// loginFolderOf is where logins are written; "" where there is no place for them
// yet. The temporary files of a job are its own, those of a laptop are everybody's.
func (a *app) loginFolderOf(asked, now string) string {
	if asked != "" {
		if whole, err := filepath.Abs(asked); err == nil {
			return whole
		}
		return asked
	}
	if _, ours, err := login.Marked(now); ours && err == nil {
		return now
	}
	if a.InActions {
		return filepath.Join(a.Temp, "tagboat-docker")
	}
	return ""
}

// isWithin reports whether a path is below a folder, by their names.
func isWithin(folder, path string) bool {
	below, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(below)
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// shellVariable is a line for a shell's eval.
func shellVariable(name, value string) []byte {
	if value == "" {
		return []byte("unset " + name + "\n")
	}
	return []byte("export " + name + "=" + quoted(value) + "\n")
}

// quoted is a value as a word of a shell.
func quoted(value string) string {
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}
