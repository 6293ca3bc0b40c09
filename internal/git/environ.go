package git

import (
	"fmt"
	"os"
	"strconv"
)

// quiet is the environment under which git asks nothing and speaks English.
// How ssh asks is left to the user's ssh configuration.
func quiet() []string {
	return []string{"LC_ALL=C", "LANGUAGE=C", "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=", "GCM_INTERACTIVE=never"}
}

// always is the configuration of every run: no hooks of the user, nothing in
// the background, and pushes that move what they were told to move and no more.
// Hooks of the remote do run: they are its policy.
func always() []Setting {
	return []Setting{
		{"core.hooksPath", os.DevNull},
		{"core.fsmonitor", "false"},
		{"gc.auto", "0"},
		{"maintenance.auto", "false"},
		{"protocol.version", "2"},
		{"safe.bareRepository", "all"}, // bare ones are what is worked on here
		{"push.followTags", "false"},
		{"push.gpgSign", "false"},
		{"push.pushOption", ""}, // an empty value drops those that came before
		{"push.recurseSubmodules", "no"},
		{"submodule.recurse", "false"},
	}
}

// foreign are variables that tie git to the repository of whoever started this
// process, a git hook or alias for instance. It is git rev-parse --local-env-vars
// less the two that carry configuration, with those that change what a path, a
// new repository or a commit is.
var foreign = []string{
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE",
	"GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
	"GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE", "GIT_QUARANTINE_PATH",
	"GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
	"GIT_TEMPLATE_DIR", "GIT_DEFAULT_HASH", "GIT_PROTOCOL",
	"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE",
}

// inEnv hands settings to git in the environment, where neither the process
// list nor the disk shows them, after those that the caller's environment holds
// already. None of them reaches the git that serves a remote folder: for that
// one, safe.directory has to stand in the user's configuration.
func inEnv(settings []Setting) []string {
	first, err := strconv.Atoi(os.Getenv("GIT_CONFIG_COUNT"))
	if err != nil || first < 0 {
		first = 0 // unset, or nothing that git would read
	}
	env := []string{"GIT_CONFIG_COUNT=" + strconv.Itoa(first+len(settings))}
	for i, s := range settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", first+i, s.Key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", first+i, s.Value))
	}
	return env
}
