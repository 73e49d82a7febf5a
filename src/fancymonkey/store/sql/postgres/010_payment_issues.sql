-- Payment issues have the name that the API and the code use.
ALTER TABLE matter RENAME TO payment_issue;
ALTER TABLE payment_issue RENAME COLUMN matter_id TO issue_id;
