#!/usr/bin/env bash
# rclone: buckets in two regions, synchronised, copied across, versioned, tagged, presigned, removed.
# Usage: rclone.sh RCLONE ENDPOINT NAME DIRECTORY, where DIRECTORY/up holds "large" (over 8 MiB) and "dir/small".
set -euo pipefail
RCLONE=$1 up=$4/up down=$4/down
export RCLONE_S3_ENDPOINT=$2 RCLONE_S3_PROVIDER=Other RCLONE_S3_ENV_AUTH=true RCLONE_CONFIG=$4/rclone.conf
printf '[%s]\ntype = s3\nregion = %s\nlocation_constraint = %s\n' \
  east us-east-1 '' west eu-west-1 eu-west-1 >"$RCLONE_CONFIG"
rclone() { "$RCLONE" --retries 1 "$@"; }

rclone mkdir "east:$3-here"
rclone mkdir "west:$3-there"
rclone sync "$up" "east:$3-here"
# Two remotes of one kind are one to rclone if it is configured so: then the copies are made by S3.
rclone --s3-copy-cutoff 5M --server-side-across-configs copy "east:$3-here" "west:$3-there"
rclone check "east:$3-here" "west:$3-there"
rclone sync "west:$3-there" "$down"
diff -r "$up" "$down"

rclone backend versioning "east:$3-here" Enabled 2>/dev/null || touch "$4/no-versioning"
rclone --header-upload 'x-amz-tagging: team=web' --ignore-times copy "$up/dir" "east:$3-here/dir"
rclone --s3-versions lsf "east:$3-here/dir"
curl -fsS "$(rclone link "east:$3-here/dir/small")" | cmp - "$up/dir/small"

rclone delete "east:$3-here"
rclone --s3-versions delete "east:$3-here"
rclone backend cleanup-hidden "east:$3-here"
rclone rmdir "east:$3-here"
rclone purge "west:$3-there"
