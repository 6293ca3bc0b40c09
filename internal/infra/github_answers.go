package infra

// The answers, as far as they are asked for.

type readAnswer struct {
	Viewer     struct{ Login string }
	Repository *repositoryAnswer
}

type repositoryAnswer struct {
	ID               string
	NameWithOwner    string
	IsArchived       bool
	IsEmpty          bool
	ViewerPermission string

	AutoMergeAllowed, MergeCommitAllowed, SquashMergeAllowed, RebaseMergeAllowed bool

	Branch *struct {
		Name   string
		Target headAnswer
	}
	Proposal   *struct{ Target commitAnswer }
	Open, Done struct{ Nodes []pullAnswer } // pull requests of that branch, newest first
	Intents    struct{ Nodes []intentAnswer }
}

// commitAnswer is the commit at the tip of the proposal's branch, or one below it.
type commitAnswer struct {
	OID, Message      string
	Author, Committer personAnswer
	Signature         *struct{ IsValid, WasSignedByGitHub bool }
	Parents           struct{ Nodes []commitAnswer }
}

// signed reports whether GitHub signed it.
func (c commitAnswer) signed() bool {
	return c.Signature != nil && c.Signature.IsValid && c.Signature.WasSignedByGitHub
}

type personAnswer struct {
	Name, Email string
	User        struct{ Login string }
}

type pullAnswer struct {
	ID                      string
	Number                  int
	URL, State, Title, Body string
	IsCrossRepository       bool
	HeadRefOID, BaseRefName string

	Labels         struct{ Nodes []struct{ Name string } }
	Assignees      struct{ Nodes []struct{ Login string } }
	ReviewRequests struct {
		TotalCount int // teams too
		Nodes      []struct{ RequestedReviewer struct{ Login string } }
	}
	LatestReviews struct {
		Nodes []struct{ Author struct{ Login string } }
	}
	AutoMergeRequest *struct{ MergeMethod string }
}

// historyAnswer is the newest commits of a branch.
type historyAnswer struct {
	Repository *struct {
		Ref *struct {
			Target struct {
				OID     string
				History struct {
					Nodes []struct {
						OID     string
						Parents struct{ Nodes []struct{ OID string } }
					}
				}
			}
		}
	}
}
